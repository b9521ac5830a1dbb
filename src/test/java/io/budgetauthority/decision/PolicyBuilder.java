package io.budgetauthority.decision;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingTemplate;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StarPattern;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A policy of which a test states only what differs from another one.
public final class PolicyBuilder {

  private final Policy usual;
  private Mode mode;
  private MicroUsd runLimit;
  private Map<Scope, Map<CeilingWindow, Ceiling>> defaultCeilings;
  private List<CeilingTemplate> ceilingTemplates;
  private Policy.SoftGate softGate;
  private Policy.OutputCapRules outputCap;
  private List<Policy.DowngradeRule> downgrade;
  private List<String> allowedModels;
  private int reservationTtlSeconds;
  private int activeRunsPerKey;
  private int activeRunsPerUser;
  private int newRunsPerDay;
  private int runTtlSeconds;
  private Policy.OnLedgerOutage onLedgerOutage;
  private ZoneId timeZone;

  /// A policy that differs from [Policy#DEFAULT].
  public PolicyBuilder() {
    this(Policy.DEFAULT);
  }

  public PolicyBuilder(Policy usual) {
    this.usual = usual;
    mode = usual.mode();
    runLimit = usual.defaultRunLimit();
    defaultCeilings = usual.defaultCeilings();
    ceilingTemplates = usual.ceilingTemplates();
    softGate = usual.softGate();
    outputCap = usual.outputCap();
    downgrade = usual.downgrade();
    allowedModels = usual.allowedModels();
    reservationTtlSeconds = usual.reservationTtlSeconds();
    activeRunsPerKey = usual.maxActiveRunsPerKey();
    activeRunsPerUser = usual.maxActiveRunsPerUser();
    newRunsPerDay = usual.maxNewRunsPerDay();
    runTtlSeconds = usual.runTtlSeconds();
    onLedgerOutage = usual.onLedgerOutage();
    timeZone = usual.timeZone();
  }

  /// The default policy with a template that gives a rate to users.
  static Policy withRateOfUsers(String pattern, long limitMicros, int seconds, long burstMicros) {
    return new PolicyBuilder()
        .template(
            Scope.USER,
            pattern,
            RateName.USUAL,
            Ceiling.ofRate(MicroUsd.of(limitMicros), seconds, MicroUsd.of(burstMicros), null))
        .build();
  }

  /// One template, of one ceiling for the ids of a pattern.
  public PolicyBuilder template(
      Scope scope, String pattern, CeilingWindow window, Ceiling ceiling) {
    ceilingTemplates =
        List.of(
            new CeilingTemplate(scope, new StarPattern(pattern), null, Map.of(window, ceiling)));
    return this;
  }

  public PolicyBuilder mode(Mode tenants) {
    mode = tenants;
    return this;
  }

  PolicyBuilder defaultCeilings(
      Scope scope, CeilingWindow one, Ceiling ofOne, CeilingWindow other, Ceiling ofOther) {
    defaultCeilings = Map.of(scope, Map.of(one, ofOne, other, ofOther));
    return this;
  }

  public PolicyBuilder softGate(MicroUsd margin, int expectedOutputPercent) {
    softGate = new Policy.SoftGate(margin, expectedOutputPercent);
    return this;
  }

  public PolicyBuilder requireCap() {
    outputCap =
        new Policy.OutputCapRules(true, 4_096, null, Map.of(), Policy.AboveMax.CLAMP, false, 256);
    return this;
  }

  /// The highest caps, for any model and by model, and what becomes of a client's above them.
  public PolicyBuilder caps(
      @Nullable Long most, Map<String, Long> ofModels, Policy.AboveMax aboveMax) {
    outputCap = new Policy.OutputCapRules(false, 4_096, most, ofModels, aboveMax, false, 256);
    return this;
  }

  public PolicyBuilder budgetClamping(long leastTokens) {
    outputCap =
        new Policy.OutputCapRules(
            false, 4_096, null, Map.of(), Policy.AboveMax.CLAMP, true, leastTokens);
    return this;
  }

  public PolicyBuilder downgrade(Policy.DowngradeRule... rules) {
    downgrade = List.of(rules);
    return this;
  }

  public PolicyBuilder allow(String... models) {
    allowedModels = List.of(models);
    return this;
  }

  PolicyBuilder runs(int activePerKey, int activePerUser, int newPerDay) {
    activeRunsPerKey = activePerKey;
    activeRunsPerUser = activePerUser;
    newRunsPerDay = newPerDay;
    return this;
  }

  public PolicyBuilder outputCap(Policy.OutputCapRules rules) {
    outputCap = rules;
    return this;
  }

  public PolicyBuilder runLimit(MicroUsd limit) {
    runLimit = limit;
    return this;
  }

  public PolicyBuilder reservationTtlSeconds(int seconds) {
    reservationTtlSeconds = seconds;
    return this;
  }

  /// How many runs of each key and of each user may be active.
  public PolicyBuilder activeRuns(int most) {
    activeRunsPerKey = most;
    activeRunsPerUser = most;
    return this;
  }

  public PolicyBuilder newRunsPerDay(int most) {
    newRunsPerDay = most;
    return this;
  }

  public PolicyBuilder runTtlSeconds(int seconds) {
    runTtlSeconds = seconds;
    return this;
  }

  public PolicyBuilder onLedgerOutage(Policy.OnLedgerOutage rule) {
    onLedgerOutage = rule;
    return this;
  }

  public PolicyBuilder timeZone(ZoneId zone) {
    timeZone = zone;
    return this;
  }

  public Policy build() {
    return new Policy(
        mode,
        usual.blockStatus(),
        runLimit,
        defaultCeilings,
        ceilingTemplates,
        softGate,
        outputCap,
        downgrade,
        allowedModels,
        reservationTtlSeconds,
        usual.clockSkewSeconds(),
        usual.retentionDays(),
        usual.retryAfterSeconds(),
        activeRunsPerKey,
        activeRunsPerUser,
        newRunsPerDay,
        runTtlSeconds,
        onLedgerOutage,
        timeZone,
        usual.runsWithoutId(),
        usual.autoServiceTier(),
        usual.defaultInferenceRegion(),
        usual.defaultSpeed(),
        usual.teamsOfAgents(),
        usual.featuresOfAgents());
  }

  /// A rule for the models of a name.
  public static Policy.DowngradeRule rule(
      String model,
      @Nullable Integer fromPercent,
      Policy.DowngradeRule.Alternative... alternatives) {
    return new Policy.DowngradeRule(List.of(model), List.of(alternatives), fromPercent);
  }

  /// A listed alternative, for some request classes or for all.
  public static Policy.DowngradeRule.Alternative listed(String model, String... requestClasses) {
    return new Policy.DowngradeRule.Alternative(
        null, model, "smaller", "it does as well", List.of(requestClasses));
  }
}
