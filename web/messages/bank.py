"""Words for the refusals of the bank beside the book: accounts to be paid to."""

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
}
