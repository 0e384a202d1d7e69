"""Words for the refusals of the bank beside the book: accounts to be paid to, batches of payments."""

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
        "本公司还有一个提议等待确认。请先确认或退回它。",
        "Another proposal of your company waits. Have it confirmed or rejected first.",
    ),
    "bank_account_stands": (
        "与已确认的收款账户完全相同，不必再提。",
        "This is the account that is confirmed already; there is nothing to propose.",
    ),
    "not_your_bank_account": (
        "收款账户只由该成员自己的财务人员确认或退回。",
        "An account is confirmed or rejected by its own member's finance desk alone.",
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
    "pays_on_past": (
        "付款日期已经过去。请填今天或以后的日期。",
        "The day of payment has passed. Choose today or a later day.",
    ),
    "payees_without_account": (
        "付款当日有成员没有收款账户，未编制批次。",
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
    "statement_not_agreed": (
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
}
