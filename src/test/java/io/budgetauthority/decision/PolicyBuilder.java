package io.budgetauthority.decision;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A policy of which a test states only what differs from [Policy#DEFAULT].
final class PolicyBuilder {

  private Mode mode = Policy.DEFAULT.mode();
  private Map<Scope, Map<Window, Ceiling>> defaultCeilings = Map.of();
  private Policy.SoftGate softGate = Policy.DEFAULT.softGate();
  private Policy.OutputCapRules outputCap = Policy.DEFAULT.outputCap();
  private List<Policy.DowngradeRule> downgrade = List.of();
  private List<String> allowedModels = List.of();
  private int activeRunsPerKey = 1_000;
  private int activeRunsPerUser = 1_000;
  private int newRunsPerDay = 10_000;

  PolicyBuilder mode(Mode tenants) {
    mode = tenants;
    return this;
  }

  PolicyBuilder defaultCeilings(
      Scope scope, Window one, Ceiling ofOne, Window other, Ceiling ofOther) {
    defaultCeilings = Map.of(scope, Map.of(one, ofOne, other, ofOther));
    return this;
  }

  PolicyBuilder softGate(MicroUsd margin, int expectedOutputPercent) {
    softGate = new Policy.SoftGate(margin, expectedOutputPercent);
    return this;
  }

  PolicyBuilder requireCap() {
    outputCap =
        new Policy.OutputCapRules(true, 4_096, null, Map.of(), Policy.AboveMax.CLAMP, false, 256);
    return this;
  }

  /// The highest caps, for any model and by model, and what becomes of a client's above them.
  PolicyBuilder caps(@Nullable Long most, Map<String, Long> ofModels, Policy.AboveMax aboveMax) {
    outputCap = new Policy.OutputCapRules(false, 4_096, most, ofModels, aboveMax, false, 256);
    return this;
  }

  PolicyBuilder budgetClamping(long leastTokens) {
    outputCap =
        new Policy.OutputCapRules(
            false, 4_096, null, Map.of(), Policy.AboveMax.CLAMP, true, leastTokens);
    return this;
  }

  PolicyBuilder downgrade(Policy.DowngradeRule... rules) {
    downgrade = List.of(rules);
    return this;
  }

  PolicyBuilder allow(String... models) {
    allowedModels = List.of(models);
    return this;
  }

  PolicyBuilder runs(int activePerKey, int activePerUser, int newPerDay) {
    activeRunsPerKey = activePerKey;
    activeRunsPerUser = activePerUser;
    newRunsPerDay = newPerDay;
    return this;
  }

  Policy build() {
    Policy usual = Policy.DEFAULT;
    return new Policy(
        mode,
        usual.blockStatus(),
        usual.defaultRunLimit(),
        defaultCeilings,
        softGate,
        outputCap,
        downgrade,
        allowedModels,
        usual.reservationTtlSeconds(),
        usual.clockSkewSeconds(),
        usual.retentionDays(),
        usual.retryAfterSeconds(),
        activeRunsPerKey,
        activeRunsPerUser,
        newRunsPerDay,
        usual.runTtlSeconds(),
        usual.onLedgerOutage(),
        usual.timeZone(),
        usual.runsWithoutId(),
        usual.autoServiceTier(),
        usual.defaultInferenceRegion(),
        usual.defaultSpeed(),
        usual.teamsOfAgents(),
        usual.featuresOfAgents());
  }

  /// A rule for the models of a name.
  static Policy.DowngradeRule rule(
      String model,
      @Nullable Integer fromPercent,
      Policy.DowngradeRule.Alternative... alternatives) {
    return new Policy.DowngradeRule(List.of(model), List.of(alternatives), fromPercent);
  }

  /// A listed alternative, for some request classes or for all.
  static Policy.DowngradeRule.Alternative listed(String model, String... requestClasses) {
    return new Policy.DowngradeRule.Alternative(
        null, model, "smaller", "it does as well", List.of(requestClasses));
  }
}
