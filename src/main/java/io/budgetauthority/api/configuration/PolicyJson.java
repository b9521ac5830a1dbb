package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingTemplate;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StarPattern;
import io.budgetauthority.tenant.Window;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads a policy (protocol.md#policy). A `PUT` replaces the whole policy, so a member that the
/// body omits gets its default.
public final class PolicyJson {

  private static final Set<Integer> NO_BLOCK_STATUS = Set.of(401, 404, 409);
  private static final int MAX_TEMPLATES = 100;
  private static final int MAX_SECONDS = 10_000_000;
  private static final int MAX_RUNS = 1_000_000_000;

  private PolicyJson() {}

  /// @param zoneNow the zone that stays if the body states none
  public static Policy read(byte @Nullable [] body, ZoneId zoneNow) {
    RequestFields fields = RequestFields.parse(body);
    Policy defaults = Policy.DEFAULT;
    Mode mode = fields.oneOf("mode", Mode::ofWireName);
    MicroUsd runLimit = fields.money("default_run_limit_usd");
    Policy.OnLedgerOutage outage = fields.oneOf("on_ledger_outage", PolicyJson::outage);
    Policy.RunsWithoutId runs = fields.oneOf("runs_without_id", PolicyJson::runsWithoutId);
    Policy.AutoServiceTier autoTier =
        fields.oneOf("auto_service_tier", PolicyJson::autoServiceTier);
    ZoneId zone = fields.oneOf("time_zone", PolicyJson::zone);
    Policy policy =
        new Policy(
            mode == null ? defaults.mode() : mode,
            blockStatus(fields, defaults.blockStatus()),
            runLimit == null ? defaults.defaultRunLimit() : runLimit,
            defaultCeilings(fields),
            templates(fields),
            softGate(fields.object("soft_gate")),
            outputCap(fields.object("output_cap")),
            fields.objects("downgrade", PolicyJson::rule),
            fields.list("allowed_models", PolicyJson::name),
            integer(fields, "reservation_ttl_seconds", 1, 3_600, defaults.reservationTtlSeconds()),
            integer(fields, "clock_skew_seconds", 0, 3_600, defaults.clockSkewSeconds()),
            integer(fields, "retention_days", 15, 3_650, defaults.retentionDays()),
            integer(fields, "retry_after_seconds", 1, 3_600, defaults.retryAfterSeconds()),
            integer(fields, "max_active_runs_per_key", 1, MAX_RUNS, defaults.maxActiveRunsPerKey()),
            integer(
                fields, "max_active_runs_per_user", 1, MAX_RUNS, defaults.maxActiveRunsPerUser()),
            integer(fields, "max_new_runs_per_day", 1, MAX_RUNS, defaults.maxNewRunsPerDay()),
            integer(fields, "run_ttl_seconds", 1, MAX_SECONDS, defaults.runTtlSeconds()),
            outage == null ? defaults.onLedgerOutage() : outage,
            zone == null ? zoneNow : zone,
            runs == null ? defaults.runsWithoutId() : runs,
            autoTier == null ? defaults.autoServiceTier() : autoTier,
            fields.text("default_inference_region"),
            fields.text("default_speed"),
            fields.list("teams_of_agents", PolicyJson::idOrAll),
            fields.list("features_of_agents", PolicyJson::idOrAll));
    // An answer has `warnings` beside the policy. A caller may send the policy back as it was read.
    var unused = fields.list("warnings", PolicyJson::warning);
    fields.end();
    return policy;
  }

  private static String warning(JsonNode node) {
    if (!node.isTextual()) {
      throw new IllegalArgumentException("must be a string");
    }
    return node.textValue();
  }

  private static int integer(
      RequestFields fields, String name, int least, int most, int otherwise) {
    Long value = fields.integer(name, least, most);
    return value == null ? otherwise : Math.toIntExact(value);
  }

  private static int blockStatus(RequestFields fields, int otherwise) {
    int status = integer(fields, "block_status", 400, 499, otherwise);
    if (NO_BLOCK_STATUS.contains(status)) {
      fields.error("block_status", "may not be 401, 404 or 409, which mean something else here");
    }
    return status;
  }

  private static Map<Scope, Map<CeilingWindow, Ceiling>> defaultCeilings(RequestFields fields) {
    Map<Scope, Map<CeilingWindow, Ceiling>> byScope = new EnumMap<>(Scope.class);
    RequestFields scopes = fields.object("default_ceilings");
    if (scopes == null) {
      return byScope;
    }
    for (Scope scope : List.of(Scope.USER, Scope.KEY)) {
      RequestFields windows = scopes.object(scope.wireName());
      if (windows == null) {
        continue;
      }
      byScope.put(scope, ceilings(scope, windows));
    }
    scopes.refuseOthers();
    return byScope;
  }

  private static List<CeilingTemplate> templates(RequestFields fields) {
    List<CeilingTemplate> templates = fields.objects("ceiling_templates", PolicyJson::template);
    if (templates.size() > MAX_TEMPLATES) {
      fields.error("ceiling_templates", "may have at most " + MAX_TEMPLATES + " entries");
    }
    return templates;
  }

  private static CeilingTemplate template(RequestFields fields) {
    Scope scope = fields.oneOf("scope", Scope::ofWireName);
    String pattern = fields.id("id_pattern");
    String requestClass = fields.text("request_class");
    if (!fields.has("scope")) {
      fields.error("scope", "is required");
    }
    if (scope == Scope.TENANT) {
      fields.error("scope", "must be run, user, key, team or feature");
    }
    if ((pattern == null) == (requestClass == null)) {
      fields.error("id_pattern", "or request_class is required, one of them");
    }
    if (requestClass != null && scope != Scope.RUN) {
      fields.error("request_class", "is for runs: with another scope state id_pattern");
    }
    RequestFields windows = fields.object("ceilings");
    Map<CeilingWindow, Ceiling> ceilings =
        windows == null ? Map.of() : ceilings(scope == null ? Scope.RUN : scope, windows);
    if (ceilings.isEmpty()) {
      fields.error("ceilings", "must have a ceiling for at least one window");
    }
    if (scope == Scope.RUN
        && ceilings.keySet().stream().anyMatch(it -> it instanceof Window && it != Window.TOTAL)) {
      fields.error("ceilings", "of a run may be over total or rates");
    }
    fields.refuseOthers();
    return new CeilingTemplate(
        scope == null ? Scope.RUN : scope,
        pattern == null ? null : new StarPattern(pattern),
        requestClass,
        ceilings);
  }

  private static Map<CeilingWindow, Ceiling> ceilings(Scope scope, RequestFields windows) {
    Map<CeilingWindow, Ceiling> byWindow = new HashMap<>();
    for (String name : windows.names()) {
      CeilingWindow window;
      try {
        window = CeilingWindow.ofWireName(name);
      } catch (IllegalArgumentException e) {
        windows.error(name, String.valueOf(e.getMessage()));
        continue;
      }
      RequestFields ceiling = windows.object(name);
      if (ceiling != null) {
        byWindow.put(window, CeilingJson.read(scope, window, ceiling));
      }
    }
    long rates = RateName.countIn(byWindow);
    if (rates > RateName.MAX_RATES) {
      windows.error("rate", "is one of " + rates + " rates, the maximum is " + RateName.MAX_RATES);
    }
    return byWindow;
  }

  private static Policy.SoftGate softGate(@Nullable RequestFields fields) {
    Policy.SoftGate defaults = Policy.DEFAULT.softGate();
    if (fields == null) {
      return defaults;
    }
    MicroUsd margin = fields.money("margin_usd");
    int percent =
        integer(fields, "expected_output_percent", 1, 100, defaults.expectedOutputPercent());
    fields.refuseOthers();
    return new Policy.SoftGate(margin == null ? defaults.margin() : margin, percent);
  }

  private static Policy.OutputCapRules outputCap(@Nullable RequestFields fields) {
    Policy.OutputCapRules defaults = Policy.DEFAULT.outputCap();
    if (fields == null) {
      return defaults;
    }
    if (fields.has("default_tokens") && fields.flag("require")) {
      fields.error("default_tokens", "has no use where a cap is required");
    }
    Long defaultTokens = fields.integer("default_tokens", 1, RequestFields.MAX_INTEGER);
    Policy.AboveMax aboveMax = fields.oneOf("above_max", PolicyJson::aboveMax);
    Long leastClamped = fields.integer("min_clamped_output_tokens", 1, RequestFields.MAX_INTEGER);
    Policy.OutputCapRules rules =
        new Policy.OutputCapRules(
            fields.flag("require"),
            defaultTokens == null ? defaults.defaultTokens() : defaultTokens,
            fields.integer("max_tokens", 1, RequestFields.MAX_INTEGER),
            caps(fields),
            aboveMax == null ? defaults.aboveMax() : aboveMax,
            fields.flag("budget_clamping"),
            leastClamped == null ? defaults.minClampedOutputTokens() : leastClamped);
    fields.refuseOthers();
    return rules;
  }

  private static Map<String, Long> caps(RequestFields fields) {
    Map<String, Long> caps =
        new LinkedHashMap<>(fields.counts("max_tokens_by_model", name -> name, null));
    if (caps.containsValue(0L)) {
      fields.error(
          "max_tokens_by_model", "holds a cap of 0; allowed_models is what forbids a model");
    }
    return caps;
  }

  private static Policy.DowngradeRule rule(RequestFields fields) {
    List<String> models = fields.list("models", PolicyJson::name);
    if (models.isEmpty()) {
      fields.error("models", "must name at least one model");
    }
    Long fromPercent = fields.integer("from_percent", 0, 100);
    List<Policy.DowngradeRule.Alternative> alternatives =
        fields.objects("alternatives", PolicyJson::alternative);
    if (alternatives.isEmpty()) {
      fields.error("alternatives", "must list at least one model");
    }
    fields.refuseOthers();
    return new Policy.DowngradeRule(
        models, alternatives, fromPercent == null ? null : Math.toIntExact(fromPercent));
  }

  private static Policy.DowngradeRule.Alternative alternative(RequestFields fields) {
    String model = fields.text("model");
    if (!fields.has("model")) {
      fields.error("model", "is required");
    }
    Policy.DowngradeRule.Alternative alternative =
        new Policy.DowngradeRule.Alternative(
            fields.text("provider"),
            model == null ? "" : model,
            fields.text("downgrade_class"),
            fields.text("policy_reason"),
            new ArrayList<>(fields.list("request_classes", PolicyJson::name)));
    fields.refuseOthers();
    return alternative;
  }

  private static String name(JsonNode element) {
    if (!element.isTextual() || !RequestFields.isLabel(element.textValue())) {
      throw new IllegalArgumentException(
          "must be a string of 1 to " + RequestFields.MAX_CHARACTERS + " characters");
    }
    return element.textValue();
  }

  private static Policy.OnLedgerOutage outage(String wireName) {
    return switch (wireName) {
      case "fail_open" -> Policy.OnLedgerOutage.FAIL_OPEN;
      case "fail_closed" -> Policy.OnLedgerOutage.FAIL_CLOSED;
      default -> throw new IllegalArgumentException("must be fail_open or fail_closed");
    };
  }

  private static Policy.RunsWithoutId runsWithoutId(String wireName) {
    return switch (wireName) {
      case "per_call" -> Policy.RunsWithoutId.PER_CALL;
      case "per_key_and_day" -> Policy.RunsWithoutId.PER_KEY_AND_DAY;
      case "refuse" -> Policy.RunsWithoutId.REFUSE;
      default -> throw new IllegalArgumentException("must be per_call, per_key_and_day or refuse");
    };
  }

  private static Policy.AutoServiceTier autoServiceTier(String wireName) {
    return switch (wireName) {
      case "dearest" -> Policy.AutoServiceTier.DEAREST;
      case "default" -> Policy.AutoServiceTier.DEFAULT;
      default -> throw new IllegalArgumentException("must be dearest or default");
    };
  }

  /// An id that agents may state, or `*` for all ids.
  static String idOrAll(JsonNode element) {
    if (!element.isTextual() || !Ids.isId(element.textValue())) {
      throw new IllegalArgumentException(
          "must be an id of 1 to 128 visible ASCII characters, or * for all");
    }
    return element.textValue();
  }

  private static Policy.AboveMax aboveMax(String wireName) {
    return switch (wireName) {
      case "clamp" -> Policy.AboveMax.CLAMP;
      case "reject" -> Policy.AboveMax.REJECT;
      default -> throw new IllegalArgumentException("must be clamp or reject");
    };
  }

  static ZoneId zone(String name) {
    try {
      return ZoneId.of(name);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "must be a time zone of the tz database, such as Europe/Berlin", e);
    }
  }
}
