"""Words for the refusals of an agreement's clauses: items settled on their own, defaults and step-ups, run-off."""

MESSAGES: dict[str, tuple[str, str]] = {
    "netting_kind_unknown": (
        "协议约定单项结算的项目不在可选之列。请从列出的项目中选择。",
        "An agreement cannot have this settled on its own. Choose from the kinds that are listed.",
    ),
    "netting_item_not_found": (
        "没有这一项单项结算，或您无权查看。请从共保体的“单项结算”进入。",
        "There is no such item settled on its own, or it is not yours to see. Choose it from the pool's list.",
    ),
    "step_up_not_agreed": (
        "协议第 {number} 版没有代担条款，成员的缺口由其自己承担。需要时请以新的协议版本约定。",
        "Version {number} of the agreement has no step-up clause: a shortfall stays the member's own. A new version of "
        "the agreement may have one.",
    ),
    "step_up_nothing_owed": (
        "结算单 {number} 没有应付的余额，不能宣告违约。",
        "Nothing is owed on statement {number}, so nobody is in default on it.",
    ),
    "default_of_lead_by_bureau": (
        "结算单 {number} 是首席自己的：首席违约与清偿由主管单位的监督人员宣告、登记。请联系主管单位。",
        "Statement {number} is the lead's own: its default is declared, and its cure booked, by the bureau's "
        "supervisor. Ask the bureau.",
    ),
    "step_up_statement_open": (
        "结算单 {number} 尚未签发、有疑问待答复或已经结清，不能宣告违约。请先签发或答复疑问。",
        "Statement {number} is a draft, is queried, or is settled: nobody is in default on it. Issue it or answer the "
        "query first.",
    ),
    "step_up_not_overdue": (
        "结算单 {number} 的付款期限是 {due_on}，须在此后才能宣告违约。请选择更晚的日期。",
        "Statement {number} is payable by {due_on}; a default is declared on a later day. Choose a later day.",
    ),
    "step_up_declared": (
        "结算单 {number} 已宣告违约，不能再次宣告。",
        "A default on statement {number} has been declared already.",
    ),
    "step_up_needs_reason": (
        "请写明宣告违约的理由。",
        "Say why the member is declared in default.",
    ),
    "step_up_reason_too_long": (
        "理由最多 {most} 个字。请缩短。",
        "A reason has at most {most} characters. Shorten it.",
    ),
    "step_up_not_declared": (
        "结算单 {number} 没有宣告违约，没有可清偿的代担。",
        "No default was declared on statement {number}, so there is none to cure.",
    ),
    "run_off_no_policies": (
        "共保协议已于 {ends_on} 终止，不再承保新保单。请核对入账日期，或在现行共保体承保。",
        "The pool's agreement ended on {ends_on}, so it takes no new policies. Check the day, or bind in the pool that "
        "is in force.",
    ),
    "run_off_open": (
        "共保体还有未了结的：{kinds}。全部了结后才能关闭。",
        "Something of the pool is still open: {kinds}. It is closed once all of that is done.",
    ),
    "run_off_over": (
        "共保体已经关闭，不再开立账期，也不再入账。",
        "The pool is closed for good: no period is opened and nothing is booked in it.",
    ),
}
