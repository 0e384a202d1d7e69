"""Words for what the verbs of a tender refuse and find: code -> (中文, English), what is wrong and what to do."""

from __future__ import annotations

_DRAFT: dict[str, tuple[str, str]] = {
    "draft_wrong": (
        "招标草案有误，请按所列各处改正后再保存。",
        "The draft cannot be a tender. Correct every place that is listed, then save again.",
    ),
    "draft_out_of_range": (
        "数值 {value} 不可用，应为 {low} 至 {high} 之间的整数。",
        "The value {value} cannot be; give a whole number between {low} and {high}.",
    ),
    "draft_length_wrong": ("请填写，且不超过 {most} 个字。", "Fill this in, with at most {most} characters."),
    "draft_not_one_of": ("“{value}”不在可选范围内，请选：{choices}。", "“{value}” is not a choice. Choose: {choices}."),
    "draft_dates_wrong": (
        "日期先后有误：保险期止须晚于起，开标不得早于截止。",
        "The dates are out of order: cover ends after it starts, and the opening is not before the deadline.",
    ),
    "draft_instant_without_zone": (
        "截止和开标时间须带时区。",
        "The deadline and the opening need a time zone.",
    ),
    "draft_criterion_wrong": (
        "评分项须有名称、大于 0 的分值、最高分和不大于最高分的打分间隔。",
        "A criterion needs a name, a weight above 0, a highest mark, and a step not larger than it.",
    ),
    "draft_field_missing": ("共保协议条款缺少这一项，请补上。", "The terms of the agreement lack this. Add it."),
    "draft_field_unknown": (
        "共保协议条款没有这一项，请删去。",
        "The terms of an agreement have no such item. Remove it.",
    ),
    "tender_number_taken": (
        "招标编号 {number} 已被使用，请另编一个。",
        "The tender number {number} is taken. Give another.",
    ),
    "tender_breaks_rules": (
        "招标文件不符合所选规则，请按所列各条改正后再审批或发布。",
        "The tender breaks rules of its profile. Put right what is listed, then approve or publish.",
    ),
    "medium_missing": (
        "请写明发布公告的指定媒体。",
        "Name the designated medium in which the notice is published.",
    ),
    "tender_reason_missing": ("请写明理由。", "Give the reason."),
    "tender_person_needed": (
        "这一步须由本人以所在单位身份办理，请以个人账号登录。",
        "This must be done by a person for an organisation. Log in as yourself.",
    ),
    "tender_of_another_bureau": (
        "这是另一家主管机构的招标项目。请由该机构的人员办理。",
        "This tender belongs to another bureau. Its own people act on it.",
    ),
    "deadline_not_passed": (
        "投标截止时间 {deadline_at} 未到，不能宣布流标。要提前终止请由审批人取消招标。",
        "The deadline {deadline_at} has not passed, so nothing has failed. To end it now the approver cancels it.",
    ),
    "other_side": (
        "此人在本项目中已是另一方（{side}），一人只能在一方。",
        "This person already stands on another side of this tender ({side}); one person is on one side.",
    ),
    "tender_not_found": ("没有找到这个招标项目。", "There is no such tender."),
    "tender_not_published": ("招标尚未发布。", "The tender is not published yet."),
    "tender_is_published": (
        "招标已发布，公告内容不能直接改动；需要变更请发布补遗。",
        "The tender is published and stands as it is. Publish an amendment to change it.",
    ),
    "tender_in_other_stage": (
        "项目现处于“{stage}”阶段，此事只能在“{wanted}”阶段办理。",
        "The tender is in stage “{stage}”; this is done in “{wanted}”.",
    ),
    "amendment_empty": ("请写明补遗的内容。", "Say what is clarified or changed."),
    "deadline_earlier": (
        "截止时间只能顺延，不能提前到 {deadline_at} 之前。",
        "The deadline can only move later than {deadline_at}.",
    ),
}

_KEYS: dict[str, tuple[str, str]] = {
    "custodian_not_neutral": (
        "密钥保管人须来自住建部门或平台，投标的保险公司不得保管。",
        "A custodian comes from the bureau or the platform; no insurer keeps a share.",
    ),
    "custodians_too_few": (
        "至少要有 2 位保管人，现选了 {count} 位。",
        "At least 2 custodians are needed; {count} chosen.",
    ),
    "custodians_too_many": (
        "保管人最多 {most} 位，现选了 {count} 位。",
        "At most {most} custodians; {count} chosen.",
    ),
    "custodian_on_other_side": (
        "{name}在本项目中已是另一方，不能再当保管人。",
        "{name} already stands on another side of this tender and keeps no share.",
    ),
    "threshold_below_two": (
        "请填整数，至少 2 人。",
        "A whole number, at least 2.",
    ),
    "threshold_above_all": (
        "{threshold} 人多于所选的 {count} 位保管人。",
        "{threshold} is more than the {count} custodians chosen.",
    ),
    "custodian_without_key": (
        "第 {custodian} 位保管人还没有提交公钥，请先提交。",
        "Custodian {custodian} has given no public key yet. It must do so first.",
    ),
    "custodian_unproven": (
        "第 {custodian} 位保管人还没有证明持有私钥，请先完成验证。",
        "Custodian {custodian} has not proved that it holds its key. It must answer its challenge first.",
    ),
    "not_custodian": ("您不是本项目的密钥保管人。", "You are not a custodian of this tender."),
    "rehearsal_missing": (
        "还没有用现有的保管人、公钥和门限演练过开标（退回起草或更换后，以前的演练作废）。请发起演练。",
        "The custodians, keys and threshold of now were not rehearsed; a return to draft or a change voids the "
        "rehearsal before it. Start one.",
    ),
    "rehearsal_incomplete": (
        "演练还缺份额：已收 {have} 份，需 {need} 份。",
        "The rehearsal lacks shares: {have} of {need} are in.",
    ),
    "rehearsal_failed": (
        "演练的假投标没有正确打开，请重新演练。",
        "The dummy bid did not open as it was sealed. Rehearse again.",
    ),
    "keys_too_early": (
        "截止时间未到，不能封箱、提交份额或开封。",
        "The deadline has not come: the box stays open and no share or key is taken.",
    ),
    "extension_missing": ("没有待确认的截止时间顺延。", "No later deadline waits for an answer."),
    "supervisor_resumes": (
        "这次暂停由监督人员下令，只能由监督人员恢复。",
        "The supervisor suspended this tender; only the supervisor resumes it.",
    ),
    "halt_stands": (
        "招标只随暂停令暂停，暂停令解除后才恢复。",
        "A tender is halted by an order and resumed when the order is lifted.",
    ),
    "deadline_moved_otherwise": (
        "截止时间只在接收投标期间经两人确认顺延，或恰按暂停时长顺延。",
        "The deadline moves by two people while bids are taken, or by exactly the time of a halt.",
    ),
    "receipts_missing": (
        "还有投标没有回执，补发后才能开启。",
        "A bid is still owed its receipt; it is issued before the box is opened.",
    ),
    "key_kind_wrong": (
        "密钥种类“{kind}”不对，应为 k1（投标人锁）或 k2（补交密钥）。",
        "There is no key “{kind}”; give k1 (the bidder's lock) or k2 (the fallback).",
    ),
    "share_not_asked_for": (
        "第 {custodian} 位保管人的这份份额不在待交之列，未收。",
        "This share of custodian {custodian} was not asked for, or is in already; it was not taken.",
    ),
    "opening_unconfirmed": (
        "开标须两人：经办已关闭投标箱，等待监督人员确认。确认之前不收份额和钥匙，也不能开标。",
        "An opening takes two: the officer has closed the box, the supervisor has yet to confirm. Until then no share "
        "and no key is taken, and nothing is opened.",
    ),
    "opening_confirmed": (
        "开标已经确认，正在收集钥匙。",
        "The opening is confirmed already; the keys are being collected.",
    ),
    "supervisor_opens": (
        "还有 {missing} 份投标缺少保管人的份额，现在开标就打不开了。请先催收；确实收不齐的，由监督人员开标。",
        "{missing} bids still lack custodians' shares and would be lost by opening now. Ask for the shares first;"
        " where they cannot be had, the supervisor opens.",
    ),
    "keys_still_collected": (
        "还有 {missing} 份投标的密钥未收齐；收齐后或到 {until} 才可开标。",
        "The keys of {missing} bids are still missing. Open when they are in, or after {until}.",
    ),
}

_BIDS: dict[str, tuple[str, str]] = {
    "deadline_passed": (
        "投标截止时间已过，按规定不予接收。",
        "The deadline has passed; nothing more is taken.",
    ),
    "tender_takes_no_bids": (
        "该项目现不接收投标（未发布、已暂停或已结束）。",
        "This tender takes no bids now: it is not published, is halted, or is over.",
    ),
    "tender_opened": ("投标箱已关闭，不再接收。", "The box is closed; nothing more is taken."),
    "bid_not_found": ("没有找到这份投标。", "There is no such bid."),
    "bid_changed_meanwhile": (
        "在此期间已有另一版本提交，请查看最新版本后重新封存。",
        "Another version came in meanwhile. Look at the latest one and seal again.",
    ),
    "terms_changed": (
        "封存之后招标文件有了新的补遗，请下载最新条款重新封存。",
        "An amendment was published after you sealed. Fetch the latest terms and seal again.",
    ),
    "signing_key_missing": (
        "贵公司还没有登记签名公钥，请由签署人登记后再投标。",
        "Your company has no registered signing key. Let a signatory register one first.",
    ),
    "signing_key_taken": ("这把签名公钥已登记过，请换一把。", "This signing key is registered already. Use another."),
    "signing_key_not_found": ("没有找到可用的签名公钥。", "There is no such signing key in use."),
    "form_wrong": (
        "投标函字段“{field}”缺少或不可用。",
        "The field “{field}” of the bid's form is missing or cannot be.",
    ),
    "too_few_bids": (
        "投标只有 {have} 家，不足 {need} 家，依法不得开标。",
        "There are {have} bids and {need} are needed: they are never opened.",
    ),
    "opening_too_early": ("开标时间 {opening_at} 未到。", "The opening is at {opening_at}, not before."),
    "bids_not_opened": ("投标尚未开封。", "The bids are not opened yet."),
    "bid_not_opened": ("这份投标没有开封内容。", "There is nothing opened of this bid."),
}

_EVALUATION: dict[str, tuple[str, str]] = {
    "committee_seat_taken": ("此人已在评标委员会中。", "This person sits on the committee already."),
    "committee_tied": (
        "评委与投标人有利害关系（一年内任职也算）：{who}。请撤换，由该评委回避。",
        "Tied to a bidder, in the past year too: {who}. They step back and others are seated.",
    ),
    "member_tied": (
        "与“{organisation}”有任职关系（{until}）",
        "holds or held a mandate of “{organisation}” ({until})",
    ),
    "seat_not_neutral": (
        "评委须来自主管单位或平台的专家库，保险公司的人员不能担任。",
        "A member of the committee comes from the bureau or the platform's list; nobody of an insurer sits on it.",
    ),
    "committee_incomplete": (
        "评标委员会不合规：现 {have} 人、专家 {experts} 人；"
        "应为 {need} 人以上单数，专家 {experts_needed} 人以上，组长一人。",
        "The committee is not whole: {have} members, {experts} experts; it needs an odd {need} or more,"
        " {experts_needed} experts, one chair.",
    ),
    "conflict_undeclared": (
        "还有 {count} 位委员没有申明有无利害关系。",
        "{count} members have not declared whether anything ties them to a bidder.",
    ),
    "declared_already": ("您已申明过，不能更改。", "You have declared already; it stands."),
    "not_on_committee": ("您不在本项目评标委员会中，或已回避。", "You are not on this committee, or were replaced."),
    "not_in_the_chair": ("此事由评标组长办理。", "The chair of the committee does this."),
    "reject_reason_unknown": ("否决理由“{reason}”不在规定之列。", "“{reason}” is no reason to reject a bid."),
    "bid_not_scored": ("这份投标不在评分之列。", "This bid is not one to be marked."),
    "bids_unqualified": (
        "还有 {count} 份投标未作资格审查，请组长先办理。",
        "{count} bids are neither qualified nor rejected yet. The chair does that first.",
    ),
    "sheet_incomplete": ("还有 {missing} 处没有打分，不能锁定。", "{missing} marks are missing; fill them in to lock."),
    "sheet_locked": (
        "评分表已锁定；确需更正，请组长说明理由后重新打开。",
        "The sheet is locked. To correct it the chair reopens it with a reason.",
    ),
    "sheets_unlocked": ("还有 {count} 份评分表未锁定。", "{count} sheets are not locked yet."),
    "seat_not_found": ("评标委员会中没有此人。", "There is no such seat on the committee."),
    "recount_needed": (
        "评分表有必须更正之处，更正后才能出具报告。",
        "The sheets hold faults that must be put right before a report.",
    ),
    "report_not_found": ("还没有评标报告。", "There is no evaluation report yet."),
    "report_changed": (
        "您看到的报告不是现行的那一份。请重新打开评标页，核对后再签署。",
        "The report that you read is not the one that stands. Open the evaluation again, check it, then sign.",
    ),
    "report_outdated": (
        "报告出具后记录有变，请组长重新出具。",
        "The record has changed since the report was drawn up. Let the chair draw up a new one.",
    ),
    "signed_already": ("您已签署这份报告。", "You have signed this report already."),
}

_AWARD: dict[str, tuple[str, str]] = {
    "allocation_not_found": ("还没有份额方案。", "No shares have been made yet."),
    "nothing_declined": (
        "现方案无人放弃，不必重新分配。",
        "Nobody has declined, so there is nothing to make again.",
    ),
    "offer_not_found": ("没有向贵公司提出份额。", "No share is offered to your company."),
    "offer_answered": ("贵公司已答复（{answer}），不能更改。", "Your company has answered ({answer}); it stands."),
    "offer_lapsed": ("答复期限 {due_at} 已过，视为放弃。", "The time to answer ended at {due_at}: taken as declined."),
    "offers_unanswered": (
        "还有 {count} 家没有接受份额，不能公示。",
        "{count} offers are not accepted yet, so the result cannot be shown.",
    ),
    "publicity_runs": (
        "公示期到 {until} 为止，期满后才可决定中标。",
        "The publicity runs until {until}; decide after it.",
    ),
    "publicity_over": ("公示期已过，不再受理异议。", "The publicity is over; objections are no longer taken."),
    "not_a_bidder": ("只有本项目投标人可以提出异议。", "Only a bidder of this tender may object."),
    "objection_empty": ("请写明内容。", "Say what it is about."),
    "objection_answered": ("这项异议已答复。", "This objection has been answered."),
    "objections_open": (
        "还有 {count} 项异议未答复，不能决定中标。",
        "{count} objections are not answered, so there is no award yet.",
    ),
    "award_replaced": (
        "份额已重新计算，另有一份中标决定。请按现行的中标决定办理。",
        "The shares were made again and another award stands. Use the one that stands.",
    ),
    "agreement_rendered": (
        "这份中标决定的协议已经生成，各方签署的就是那一份。",
        "The agreement of this award is made already; that file is what every party signs.",
    ),
    "agreement_paper_wrong": (
        "这份文件不是本中标决定的共保协议。请重新生成。",
        "That paper is not the agreement of this award. Make it anew.",
    ),
    "agreement_not_rendered": (
        "共保协议还没有生成。请经办先按中标数字生成。",
        "The agreement is not made yet. The officer makes it from the awarded numbers first.",
    ),
    "agreement_changed": (
        "您看到的协议不是现行的那一份。请重新打开协议页，核对摘要后再签署。",
        "The file that you read is not the one that stands. Open the agreement again and compare its SHA-256.",
    ),
    "agreement_signed": (
        "该单位已经签署协议，签署后不能撤回，也不能再登记拒签。",
        "This party has signed already; that is final and cannot be taken back or noted as a refusal.",
    ),
    "agreement_refused": (
        "已有成员拒签，本次中标决定不再签署。请等待重新计算份额。",
        "A member refused, so this award is signed no more. The shares are made again.",
    ),
    "agreement_unsigned": (
        "共保协议还有成员未签署（{count} 家）。各成员先签，主管单位最后签，然后才能成立共保体。",
        "Not every member has signed the agreement ({count} to go). The members sign, then the bureau, then the pool "
        "is formed.",
    ),
    "not_awarded_member": (
        "贵单位不是本次中标的成员，无需签署。",
        "Your organisation is no member of this award and has nothing to sign.",
    ),
    "award_not_found": ("还没有中标结果。", "There is no award yet."),
    "award_not_whole": (
        "中标份额合计须为 10 000 基点，首席列第一；请重新分配。",
        "The awarded shares must sum to 10 000 with the lead first. Make the shares again.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {**_DRAFT, **_KEYS, **_BIDS, **_EVALUATION, **_AWARD}
