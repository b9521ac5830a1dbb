package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Callers;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.settlement.UsageJson;
import io.budgetauthority.tenant.Caller;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the body of an ask (protocol.md#ask).
public final class DecisionRequestJson {

  private DecisionRequestJson() {}

  /// Reads the body of an ask. Bad input gets a 400 problem that lists every field.
  public static DecisionRequest read(byte @Nullable [] body, Caller caller) {
    RequestFields fields = RequestFields.parse(body);
    String model = fields.text("model");
    if (model == null && !fields.has("model")) {
      fields.error("model", "is required");
    }
    boolean boundless = fields.flag("unbounded_input");
    Long inputTokens = fields.count("input_tokens");
    Long inputBytes = fields.count("input_bytes");
    if (!boundless && !fields.has("input_tokens") && !fields.has("input_bytes")) {
      fields.error("input_tokens", "is required, or input_bytes, or unbounded_input as true");
    }
    RequestFields requires = fields.object("requires");
    Long choices = fields.integer("choices", 1, DecisionRequest.MAX_CHOICES);
    Long ttlSeconds = fields.integer("ttl_seconds", 1, Reservation.MAX_LIFE.toSeconds());
    String serviceTier = fields.text("service_tier");
    String downgrade = fields.oneOf("downgrade", DecisionRequestJson::downgrade);
    String forward = fields.oneOf("forward", DecisionRequestJson::forward);
    Long cap = fields.count("max_output_tokens");
    Map<String, UnitCount> units =
        UnitCount.ofAll(
            fields.quantities("units", BillingUnit::ofWireName, UnitCount.UNSTATED.toDecimal()));
    Map<String, Long> billedTools = fields.counts("billed_tools", tool -> tool, Bounds.UNSTATED);
    boolean countsNothing =
        Long.valueOf(0).equals(cap)
            && !boundless
            && !isPositive(inputTokens)
            && !isPositive(inputBytes)
            && units.values().stream().allMatch(UnitCount.ZERO::equals)
            && billedTools.values().stream().allMatch(uses -> uses == 0);
    if (countsNothing) {
      fields.error(
          "max_output_tokens",
          "is 0, as is the input, and no unit or tool is above 0: nothing is asked");
    }
    DecisionRequest request =
        new DecisionRequest(
            fields.text("provider"),
            model == null ? "" : model,
            inputTokens,
            inputBytes,
            boundless,
            UsageJson.parts(fields),
            cap,
            choices == null ? 1 : Math.toIntExact(choices),
            units,
            serviceTier == null ? Bounds.DEFAULT_TIER : Bounds.tier(serviceTier),
            fields.text("inference_region"),
            fields.text("speed"),
            billedTools,
            requires == null ? Set.of() : capabilities(requires),
            requires == null ? null : requires.count("context_tokens"),
            fields.text("request_class"),
            downgrade == null || downgrade.equals("auto"),
            fields.id("user_id"),
            fields.id("key_id"),
            fields.id("team_id"),
            fields.id("feature_id"),
            fields.oneOf("parent_run_id", Ids::runId),
            fields.money("run_limit_usd"),
            "explicit".equals(forward),
            ttlSeconds == null ? null : Math.toIntExact(ttlSeconds),
            fields.flag("dry_run"));
    if (requires != null) {
      requires.refuseOthers();
    }
    fields.end();
    Callers.refuseStatedIdentity(caller, request.tuple());
    return request;
  }

  private static boolean isPositive(@Nullable Long count) {
    return count != null && count > 0;
  }

  /// `requires` is an object of flags, with `context_tokens` beside them.
  private static Set<Capability> capabilities(RequestFields requires) {
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    for (Capability capability : Capability.values()) {
      if (requires.flag(capability.wireName())) {
        capabilities.add(capability);
      }
    }
    return capabilities;
  }

  private static String downgrade(String wireName) {
    return oneOf(wireName, "auto", "never");
  }

  private static String forward(String wireName) {
    return oneOf(wireName, "implicit", "explicit");
  }

  private static String oneOf(String wireName, String first, String second) {
    if (!wireName.equals(first) && !wireName.equals(second)) {
      throw new IllegalArgumentException("must be " + first + " or " + second);
    }
    return wireName;
  }
}
