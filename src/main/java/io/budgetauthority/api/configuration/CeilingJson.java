package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import java.util.List;

/// Reads a ceiling, from the body of its `PUT` or from the default ceilings of a policy.
final class CeilingJson {

  /// Each threshold of each account causes an event, so their number is limited.
  private static final int MAX_THRESHOLDS = 10;

  private CeilingJson() {}

  static Ceiling read(RequestFields fields) {
    MicroUsd limit = fields.money("limit_usd");
    if (!fields.has("limit_usd")) {
      fields.error("limit_usd", "is required");
    }
    Mode mode = fields.oneOf("mode", Mode::ofWireName);
    MicroUsd margin = fields.money("margin_usd");
    List<Integer> warnAtPercent =
        fields.has("warn_at_percent")
            ? fields.list("warn_at_percent", CeilingJson::percent)
            : Ceiling.DEFAULT_WARN_AT_PERCENT;
    if (warnAtPercent.size() > MAX_THRESHOLDS) {
      fields.error(
          "warn_at_percent",
          "has " + warnAtPercent.size() + " values, the maximum is " + MAX_THRESHOLDS);
    }
    fields.refuseOthers();
    return new Ceiling(
        limit == null ? MicroUsd.ZERO : limit,
        mode,
        margin,
        warnAtPercent.stream().distinct().sorted().toList());
  }

  private static Integer percent(JsonNode element) {
    if (!element.isIntegralNumber()
        || !element.canConvertToInt()
        || element.intValue() < 1
        || element.intValue() > 1_000) {
      throw new IllegalArgumentException("must be an integer from 1 to 1000");
    }
    return element.intValue();
  }
}
