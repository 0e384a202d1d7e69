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
    "variation_not_found": (
        "没有这一项协议变更，或您无权查看。请从共保体的“协议变更”进入。",
        "There is no such change of the agreement, or it is not yours to see. Choose it from the pool's list.",
    ),
    "variation_not_asked": (
        "协议变更由协议各方提出和答复：各成员，以及招标的主管单位。您所在的单位不是其中一方。",
        "A change is proposed and answered by the parties of the agreement: the members, and the bureau of the tender. "
        "Your organisation is none of them.",
    ),
    "variation_open": (
        "已有一项协议变更在征求同意。请等各方答复，或由提出的一方撤回。",
        "A change is being asked about already. Wait for the answers, or have whoever proposed it withdraw it.",
    ),
    "variation_day_wrong": (
        "新版协议的首日须在 {first} 至 {last} 之间：今天和上一版首日以后，现行协议终止以前。",
        "The first day of the new version is from {first} to {last}: after today and the last version's first day, "
        "before the agreement ends.",
    ),
    "variation_ends_early": (
        "终止日须晚于新版首日。",
        "The end must be after the first day of the new version.",
    ),
    "variation_ends_late": (
        "新版协议最长十年，终止日不晚于 {last}。",
        "A version runs for ten years at most: its end is {last} or earlier.",
    ),
    "variation_nothing_new": (
        "与协议第 {number} 版没有不同。请改变至少一项。",
        "Nothing differs from version {number} of the agreement. Change something.",
    ),
    "variation_needs_reason": (
        "请写明理由，各方都看得到。",
        "Say why; all parties see it.",
    ),
    "variation_reason_too_long": (
        "理由最多 {most} 个字。请缩短。",
        "A reason has at most {most} characters. Shorten it.",
    ),
    "variation_consented": (
        "贵单位已同意这项协议变更，无须再次同意。",
        "Your organisation has consented to this change already.",
    ),
    "variation_too_late": (
        "新版协议本应自 {effective_on} 起，已经来不及同意。请提出一项日期更晚的。",
        "The new version was to begin on {effective_on}, so it is too late to consent. Propose one that begins later.",
    ),
    "variation_outdated": (
        "协议第 {number} 版之后已有新的一版，这项变更不再适用。请重新提出。",
        "Another version was made after version {number}, so this change no longer fits. Propose it anew.",
    ),
    "variation_not_yours": (
        "只有提出的一方可以撤回；不赞成请选择“不同意”。",
        "Only the party that proposed it withdraws it; decline it if you are against it.",
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
