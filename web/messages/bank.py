"""Words for the refusals of the bank beside the book: accounts to be paid to, batches, the bank's statements."""

MESSAGES: dict[str, tuple[str, str]] = {
    "bank_account_wrong": (
        "收款账户有内容需要更正，见各栏旁的说明。",
        "Something in the account needs correcting; each field says what.",
    ),
    "bank_name_wrong": (
        "户名和开户行只用文字、数字和常见标点，不能为空。请照银行凭证填写。",
        "The names of account and bank hold letters, digits and plain marks, and are not empty. Write them as the bank "
        "does.",
    ),
    "bank_name_too_long": (
        "户名和开户行各最多 {most} 字，付款文件装不下更长的，也不截短。请核对。",
        "The names of account and bank have at most {most} characters each: a payment file holds no more, and none is "
        "cut. Check them.",
    ),
    "cnaps_wrong": (
        "联行号应为 12 位数字。请向开户行查询。",
        "A CNAPS code has twelve digits. Ask the bank for it.",
    ),
    "cnaps_check_wrong": (
        "联行号的校验位不符，至少有一位写错。请与银行凭证逐位核对。",
        "The check digit of the CNAPS code does not fit: at least one digit is wrong. Compare the code with the bank's "
        "paper.",
    ),
    "account_number_wrong": (
        "银行账号应为 8 至 34 位数字。请与银行凭证逐位核对。",
        "An account number has 8 to 34 digits. Compare it with the bank's paper.",
    ),
    "bank_account_not_found": (
        "没有这个收款账户，或您无权查看。请从列表进入。",
        "There is no such account, or it is not yours to see. Choose it from the list.",
    ),
    "bank_account_waits": (
        "还有一个提议等待确认。请先确认或退回它。",
        "Another proposal waits. Have it confirmed or rejected first.",
    ),
    "bank_account_stands": (
        "与已确认的收款账户完全相同，不必再提。",
        "This is the account that is confirmed already; there is nothing to propose.",
    ),
    "not_your_bank_account": (
        "成员的收款账户只由该成员的财务人员确认或退回，收款人的由首席的财务人员。",
        "A member's account is confirmed or rejected by the member's finance desk alone, a payee's by the lead's.",
    ),
    "payment_batch_not_found": (
        "没有这个付款批次，或您无权查看。请从列表进入。",
        "There is no such batch, or it is not yours to see. Choose it from the list.",
    ),
    "payment_file_not_found": (
        "付款批次 {number} 还没有付款文件。放行之后才有。",
        "Batch {number} has no file yet. It is made at the release.",
    ),
    "nothing_to_pay_out": (
        "账期 {period} 没有可付的结算单：须是共保体应付、成员已确认、尚未付款的。",
        "Period {period} has no statement to pay: one that the pool owes, that the member has agreed to and that is "
        "not paid yet.",
    ),
    "no_premium_to_pay_out": (
        "到 {day} 为止没有待付的保费划付：须已登记划付，且不在别的有效批次里。",
        "No remittance up to {day} waits to be paid: one that is booked and stands in no batch that holds.",
    ),
    "nothing_to_pay_in_batch": (
        "没有可以编入批次的款项：须已核准（或应付）、收款人有已确认的收款账户、不在别的有效批次里。",
        "Nothing can go into a batch: it must be approved or owed, its payee must have a confirmed account, and no "
        "batch that holds may have it.",
    ),
    "subject_in_batch": (
        "{number} 在付款批次 {batch} 里。等银行流水显示付款，或退回该批次之后再办。",
        "{number} is in the batch {batch}. Wait until the bank shows the payment, or reject that batch first.",
    ),
    "payment_not_found": (
        "批次里没有这笔付款。请从批次的页面进入。",
        "The batch has no such payment. Choose it on the page of the batch.",
    ),
    "payment_not_shown": (
        "银行流水还没有显示这笔付款，不能登记退回。",
        "No line of the bank shows this payment yet, so it cannot have come back.",
    ),
    "payment_came_back": (
        "这笔付款已登记退回，不再改变。",
        "This payment is booked as come back, and that stands.",
    ),
    "payment_return_line_wrong": (
        "流水号 {reference} 不能证明退回：须是同样金额的收款，日期不早于付款，且没有别的用途。",
        "The line {reference} does not show that it came back: it must be of the same sum, in, not before the payment, "
        "and about nothing else.",
    ),
    "payment_return_needs_words": ("请写明为什么退回。", "Say why it came back."),
    "item_is_booked": (
        "单项结算 {number} 已登记收付：核对不再撤回，退回的款请转入待认领收款。",
        "The item {number} is booked as paid: its match stands, and money that came back is set to the unmatched "
        "receipts.",
    ),
    "claim_is_over": (
        "赔案 {number} 已赔付或已拒绝，不再指定收款人。",
        "Claim {number} is paid or rejected; no payee is named any more.",
    ),
    "payee_not_found": (
        "没有这个收款人，或您无权查看。请从列表进入。",
        "There is no such payee, or it is not yours to see. Choose it from the list.",
    ),
    "payee_wrong": ("收款人没有登记，见逐项说明。", "The payee is not added; each item is named."),
    "payee_kind_unknown": ("请选择类别。", "Choose a kind."),
    "payee_name_missing": ("请填写名称。", "Give a name."),
    "payee_name_too_long": ("名称最多 {most} 字。", "A name has at most {most} characters."),
    "payee_exists": (
        "收款人“{name}”已经登记。",
        "The payee “{name}” is there already.",
    ),
    "pays_on_past": (
        "付款日期已经过去。请填今天或以后的日期。",
        "The day of payment has passed. Choose today or a later day.",
    ),
    "payees_without_account": (
        "付款当日有成员或收款人没有收款账户，未编制批次。",
        "Somebody has no account to be paid to on that day, and nothing was prepared.",
    ),
    "payee_without_account": (
        "{member} 在 {day} 没有已确认的收款账户。请由其财务提出并确认。",
        "{member} has no confirmed account on {day}. Ask its finance desk to propose and confirm one.",
    ),
    "payment_account_changed": (
        "编制之后收款账户有变：{members}。请退回本批次，重新编制。",
        "An account has changed since the batch was prepared: {members}. Reject the batch and prepare another.",
    ),
    "batch_statement_not_agreed": (
        "结算单 {number} 已不在“已确认”状态，不能付款。请退回本批次。",
        "Statement {number} does not stand as agreed any more and is not paid. Reject the batch.",
    ),
    "payment_order_wrong": (
        "付款文件有内容不合银行的格式，见逐项说明。",
        "Something does not fit the form of a bank's file; each item is named.",
    ),
    "payment_order_empty": ("没有任何一笔付款。", "There is no payment in it."),
    "payment_reference_wrong": (
        "编号须为 1 至 35 个字母、数字、点、横线，且以字母或数字开头。",
        "A reference has 1 to 35 letters, digits, dots and dashes and begins with a letter or a digit.",
    ),
    "payment_text_too_long": (
        "用途最多 {most} 字，不截短。",
        "What a payment is for has at most {most} characters, and is not cut.",
    ),
    "payment_amount_wrong": ("付款金额须大于零。", "A payment is of more than nothing."),
    "xml_not_plain": (
        "XML 文件第 {line} 行有文档类型、实体或处理指令。请向银行要不含这些的文件。",
        "Line {line} of the XML has a document type, an entity or an instruction. Ask the bank for one without.",
    ),
    "xml_too_large": (
        "XML 文件太大或嵌套太深（第 {line} 行）。请按较短的日期分开。",
        "The XML is too large or too deep (line {line}). Ask for fewer days in a file.",
    ),
    "xml_broken": (
        "XML 文件在第 {line} 行读不下去。请重新下载。",
        "The XML cannot be read beyond line {line}. Download it again.",
    ),
    "camt_not_this": (
        "不是含一个账号流水的 camt.053 文件（其中有 {count} 个）。请下载 ISO 20022 camt.053。",
        "This is no camt.053 file with the statement of one account (it has {count}). Download ISO 20022 camt.053.",
    ),
    "camt_wrong": (
        "camt.053 文件有读不出的内容，什么也没有读入。",
        "Something in the camt.053 file cannot be read, and nothing was taken in.",
    ),
    "camt_element_wrong": (
        "第 {row} 行的 {element} 缺失或写法不对。金额须为 CNY、最多两位小数。",
        "{element} at line {row} is missing or not in form. Amounts are in CNY with at most two decimals.",
    ),
    "bank_list_wrong": (
        "表格有 {count} 处读不出，什么也没有读入。",
        "The list has {count} places that cannot be read, and nothing was taken in.",
    ),
    "bank_row_amount_unclear": (
        "第 {row} 行的金额不明：发生额、收入、支出恰填一项，且不为零。",
        "The amount of row {row} is not clear: exactly one of amount, paid in and paid out, and not zero.",
    ),
    "bank_report_wrong": (
        "流水本身不完整，什么也没有读入。",
        "The statement is not whole in itself, and nothing was taken in.",
    ),
    "bank_report_unbalanced": (
        "期初 {opening} 加各笔 {lines} 与期末 {closing} 相差 {difference} 元。请核对余额，或向银行要完整的文件。",
        "Opening {opening} and lines {lines} miss the closing {closing} by CNY {difference}. Check the balances or ask "
        "for the whole file.",
    ),
    "bank_report_days_wrong": ("起始日晚于截止日。", "The first day is after the last."),
    "bank_report_future": (
        "流水截至 {day}，而今天是 {today}：那一天还没有到。请只取到今天为止的流水。",
        "The statement runs until {day} and today is {today}: that day has not been yet. Ask the bank for the days up "
        "to today.",
    ),
    "bank_report_too_long": (
        "一份流水最多 {most} 笔。请按较短的日期分开。",
        "A statement has at most {most} lines. Ask for fewer days.",
    ),
    "bank_line_amount_zero": ("金额为零。", "The amount is nothing."),
    "bank_line_outside_days": ("{day} 不在流水的起止日期之内。", "{day} is not within the statement's days."),
    "bank_line_reference_missing": (
        "没有流水号，或长于 100 字。",
        "There is no reference, or it is longer than 100 characters.",
    ),
    "bank_line_reference_twice": (
        "流水号 {reference} 在同一份流水里出现两次（另见 {first}）。",
        "The reference {reference} stands twice in the statement (see {first}).",
    ),
    "bank_line_text_too_long": ("一栏文字最多 {most} 字。", "A text has at most {most} characters."),
    "bank_report_other_account": (
        "流水的账号 {number} 不是首席已确认的收款账户。请核对文件，或先确认收款账户。",
        "The account {number} is not one that the lead has confirmed. Check the file, or have the account confirmed.",
    ),
    "bank_report_taken": (
        "这份流水已于 {taken_at} 从 {name} 读入，不重复读入。",
        "This statement was taken in from {name} at {taken_at}, and is not taken in twice.",
    ),
    "bank_lines_known": (
        "有的流水号以前读入过，什么也没有读入。请向银行要不重叠的日期。",
        "Some references were taken in before, and nothing was taken in. Ask the bank for days that do not overlap.",
    ),
    "bank_line_known": ("流水号 {reference} 以前读入过。", "The reference {reference} was taken in before."),
    "bank_report_not_found": (
        "没有这份银行流水，或您无权查看。请从列表进入。",
        "There is no such bank statement, or it is not yours to see. Choose it from the list.",
    ),
    "bank_line_not_found": (
        "没有这一笔银行收支。请从列表进入。",
        "There is no such line of the bank. Choose it from the list.",
    ),
    "bank_line_matched": (
        "这一笔已经核对过，不重复核对。",
        "This line is matched already, and is not matched twice.",
    ),
    "statement_matched": (
        "这张结算单（或这笔付款）已经核对到另一笔。",
        "This statement, or payment, is matched with another line already.",
    ),
    "bank_match_not_proposed": (
        "这一笔与所选的结算单或付款对不上：附言没有写明它，金额与账号也不全相符。请核对。",
        "The line does not fit that statement or payment: it does not name it, and sum and account are not both its "
        "own.",
    ),
    "bank_match_pays_one": (
        "请写明一张结算单、一笔付款或一项单项结算，恰好一个。",
        "Name one statement, one payment or one item settled on its own, exactly one of them.",
    ),
    "bank_match_not_found": (
        "没有这次核对，或您无权查看。请从列表进入。",
        "There is no such match, or it is not yours to see. Choose it from the list.",
    ),
    "bank_match_needs_reason": (
        "撤回自己的核对要写明理由；另一人撤回可以不写。",
        "To take back what you matched yourself, say why; another person need not.",
    ),
    "bank_words_too_long": ("最多 {most} 字。", "At most {most} characters."),
    "bank_month_signed": (
        "{month} 的对账已经签署：不再读入该月的流水，该月的核对也不再撤回。",
        "The reconciliation of {month} is signed: none of its lines is taken in any more, and none of its matches is "
        "taken back.",
    ),
    "bank_month_not_over": (
        "{month} 还没有过完，月末之后才能签署。",
        "{month} is not over; it is signed after its end.",
    ),
    "bank_month_not_reached": (
        "银行流水还没有到 {day}。请先读入直到月末的流水。",
        "No bank statement reaches {day} yet. Take in the statement up to the end of the month first.",
    ),
    "bank_month_not_covered": (
        "收款账户 {number} 在 {day} 使用，而它的流水没有这一天。请先读入它在使用期间的流水。",
        "The account {number} was in use on {day}, and no statement of it tells of that day. Take in its statements "
        "for the time of its use first.",
    ),
    "bank_month_gap": (
        "收款账户 {number} 自 {day} 起的银行流水，期初与前一份的期末不等，中间缺流水。请先读入。",
        "The statement of account {number} from {day} on does not begin with the balance of the one before: one is "
        "missing. Take it in first.",
    ),
    "receipt_not_found": (
        "没有这笔待认领收款，或您无权查看。请从列表进入。",
        "There is no such unmatched receipt, or it is not yours to see. Choose it from the list.",
    ),
    "receipt_not_incoming": (
        "流水号 {reference} 是支出，不是收款。",
        "The line {reference} is money that went out, not a receipt.",
    ),
    "receipt_stands": (
        "流水号 {reference} 已经转入待认领收款，或已认领、退回。",
        "The line {reference} is on the unmatched receipts already, or was placed or returned.",
    ),
    "receipt_needs_words": (
        "请写明这是什么款、按什么入账，或为什么退回。",
        "Say what the money is and how it is booked, or why it went back.",
    ),
    "receipt_is_matched": (
        "这笔收款由核对认领。要撤销，请撤回那次核对。",
        "This receipt was placed by a match. Take the match back instead.",
    ),
    "receipt_return_line_wrong": (
        "流水号 {reference} 不能证明退回：须是同样金额的支出，日期不早于收款，且没有别的用途。",
        "The line {reference} does not show the return: it must be of the same sum, out, not before the receipt, and "
        "about nothing else.",
    ),
    "month_not_found": (
        "没有“{month}”这个月份的对账。请从列表进入。",
        "There is no reconciliation of “{month}”. Choose it from the list.",
    ),
}
