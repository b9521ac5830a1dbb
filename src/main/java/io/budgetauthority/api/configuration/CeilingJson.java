package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.util.List;

/// Reads a ceiling, from the body of its `PUT` or from the default ceilings of a policy.
final class CeilingJson {

  /// Each threshold of each account causes an event, so their number is limited.
  private static final int MAX_THRESHOLDS = 10;

  private CeilingJson() {}

  static Ceiling read(Scope scope, CeilingWindow window, RequestFields fields) {
    return switch (window) {
      case Window calendar -> ofWindow(scope, fields);
      case RateName rate -> ofRate(fields);
    };
  }

  private static Ceiling ofRate(RequestFields fields) {
    MicroUsd limit = fields.money("limit_usd");
    MicroUsd burst = fields.money("burst_usd");
    Long period = fields.integer("period_seconds", 1, Ceiling.MAX_PERIOD_SECONDS);
    Mode mode = fields.oneOf("mode", Mode::ofWireName);
    for (String required : new String[] {"limit_usd", "period_seconds"}) {
      if (!fields.has(required)) {
        fields.error(required, "is required");
      }
    }
    if (limit != null && !limit.isPositive()) {
      fields.error("limit_usd", "of a rate must be above 0");
    }
    if (fields.money("margin_usd") != null) {
      fields.error("margin_usd", "is not for a rate; burst_usd says what is available at a time");
    }
    if (fields.integer("shards", 1, AccountKey.MAX_SHARDS) != null) {
      fields.error("shards", "is not for a rate");
    }
    if (!fields.list("warn_at_percent", CeilingJson::percent).isEmpty()) {
      fields.error("warn_at_percent", "is not for a rate, which refills");
    }
    fields.refuseOthers();
    MicroUsd most = limit == null || !limit.isPositive() ? MicroUsd.of(1) : limit;
    return Ceiling.ofRate(
        most, period == null ? 1 : Math.toIntExact(period), burst == null ? most : burst, mode);
  }

  private static Ceiling ofWindow(Scope scope, RequestFields fields) {
    MicroUsd limit = fields.money("limit_usd");
    if (fields.integer("period_seconds", 1, Ceiling.MAX_PERIOD_SECONDS) != null) {
      fields.error("period_seconds", "is for a ceiling whose window is rate");
    }
    if (fields.money("burst_usd") != null) {
      fields.error("burst_usd", "is for a ceiling whose window is rate");
    }
    if (!fields.has("limit_usd")) {
      fields.error("limit_usd", "is required");
    }
    Mode mode = fields.oneOf("mode", Mode::ofWireName);
    MicroUsd margin = fields.money("margin_usd");
    Long shards = fields.integer("shards", 1, AccountKey.MAX_SHARDS);
    if (shards != null && scope == Scope.RUN) {
      fields.error("shards", "is not for a run, whose account has one");
    }
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
        warnAtPercent.stream().distinct().sorted().toList(),
        null,
        null,
        shards == null ? null : Math.toIntExact(shards));
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
