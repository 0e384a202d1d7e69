"""Words for the refusals of rating and refunds."""

MESSAGES: dict[str, tuple[str, str]] = {
    "invalid_tariff": (
        "费率表“{name}”有误：年限档与层数档须各自递增，每一格都须有不小于零的整数分保费。请补全并更正。",
        "The tariff “{name}” is wrong: ages and floors must each rise, and every cell needs a premium in whole fen. "
        "Complete and correct it.",
    ),
    "invalid_short_rates": (
        "短期费率表 {kept_bp} 有误：须有十二个不递减的数，最后一个为 10000。请更正。",
        "The short rates {kept_bp} are wrong: twelve figures that never fall are needed, the last 10000.",
    ),
    "tariff_not_found": (
        "{on} 没有生效的费率表。请先录入费率表，或核对日期。",
        "No tariff is in force on {on}. Enter one first, or check the date.",
    ),
    "lift_outside_tariff": (
        "费率表“{name}”不含使用 {age_years} 年、{floors} 层的电梯。请核对电梯资料，或补充费率表。",
        "The tariff “{name}” has no premium for a lift of {age_years} years and {floors} floors. Check the lift, or "
        "add to the tariff.",
    ),
    "lift_not_in_service": (
        "电梯 {in_service_on} 才投入使用，在 {on} 尚不能承保。请核对投用日期与起保日期。",
        "The lift runs from {in_service_on} only, so it cannot be rated on {on}. Check both dates.",
    ),
    "invalid_term": (
        "保险期间无效：{inception_on} 起保，{expires_on} 到期，到期日须晚于起保日。请更正日期。",
        "A policy cannot run from {inception_on} to {expires_on}: it must expire after it begins. Correct the dates.",
    ),
    "short_rates_need_a_year": (
        "短期费率表只适用于一年期保单，本保单自 {inception_on} 至 {expires_on}。请改用按日计算。",
        "Short rates are for policies of one year; this one is {inception_on} to {expires_on}. Refund by the day.",
    ),
    "effective_outside_term": (
        "终止日期 {effective_on} 不在保险期间（{inception_on} 至 {expires_on}）之内。请更正日期。",
        "{effective_on} does not lie within the policy ({inception_on} to {expires_on}). Correct the day.",
    ),
}
