"""Words for the refusals of extracts of a book."""

MESSAGES: dict[str, tuple[str, str]] = {
    "extract_not_found": (
        "没有这张报表，或您无权查看。请从下载中心进入。",
        "There is no such extract, or it is not yours to see. Choose it from the downloads.",
    ),
    "not_your_extract": (
        "这张报表不是贵单位申请的。需要时请以本单位的身份另行申请。",
        "Your organisation did not ask for this extract. Ask for one of your own.",
    ),
    "extract_kind_unknown": (
        "没有这种报表。请从列出的种类中选择。",
        "There is no such kind of extract. Choose one of those that are offered.",
    ),
    "extract_form_unknown": (
        "报表只有这些文件格式：{forms}。请选择其中一种。",
        "An extract comes as one of {forms}. Choose one of them.",
    ),
    "extract_needs_organisation": (
        "报表为某一单位制作，须以该单位的身份申请。请登录后办理，或用 gongbao extract write 直接写出。",
        "An extract is made for an organisation, by somebody who acts for it. Sign in, or write it with gongbao "
        "extract write.",
    ),
    "extract_not_ready": (
        "报表还没有制成，没有文件可下载。请稍后刷新。",
        "The extract is not made yet, so there is no file. Look again a little later.",
    ),
}
