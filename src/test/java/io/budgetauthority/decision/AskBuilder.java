package io.budgetauthority.decision;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.UnitCount;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An ask of which a test states only what it is about. Of the local build's model by user `ada`
/// with key `ci`, no input and no cap unless stated.
public final class AskBuilder {

  private @Nullable String provider;
  private String model = TestAuthority.MODEL;
  private @Nullable Long inputTokens = 0L;
  private @Nullable Long inputBytes;
  private boolean unboundedInput;
  private @Nullable Long cap;
  private int choices = 1;
  private Parts parts = Parts.NONE;
  private Map<String, UnitCount> units = Map.of();
  private Set<Capability> requires = Set.of();
  private @Nullable Long contextTokens;
  private @Nullable String requestClass;
  private boolean mayDowngrade = true;
  private @Nullable String userId = "ada";
  private @Nullable String keyId = "ci";
  private @Nullable String teamId;
  private @Nullable String featureId;
  private @Nullable String parentRunId;
  private @Nullable MicroUsd runLimit;
  private boolean explicitForward;
  private @Nullable Integer ttlSeconds;
  private boolean dryRun;

  public AskBuilder provider(String stated) {
    provider = stated;
    return this;
  }

  public AskBuilder model(String name) {
    model = name;
    return this;
  }

  public AskBuilder input(@Nullable Long tokens, @Nullable Long bytes) {
    inputTokens = tokens;
    inputBytes = bytes;
    return this;
  }

  public AskBuilder input(long tokens) {
    return input(tokens, null);
  }

  public AskBuilder unbounded() {
    unboundedInput = true;
    return this;
  }

  public AskBuilder cap(@Nullable Long tokens) {
    cap = tokens;
    return this;
  }

  public AskBuilder choices(int completions) {
    choices = completions;
    return this;
  }

  public AskBuilder parts(Parts most) {
    parts = most;
    return this;
  }

  public AskBuilder units(Map<String, Long> most) {
    units = new LinkedHashMap<>();
    most.forEach((unit, count) -> units.put(unit, UnitCount.of(count)));
    return this;
  }

  public AskBuilder requires(Capability... capabilities) {
    requires = Set.of(capabilities);
    return this;
  }

  public AskBuilder context(long tokens) {
    contextTokens = tokens;
    return this;
  }

  public AskBuilder requestClass(@Nullable String label) {
    requestClass = label;
    return this;
  }

  public AskBuilder neverDowngrade() {
    mayDowngrade = false;
    return this;
  }

  public AskBuilder by(@Nullable String user, @Nullable String key, @Nullable String team) {
    userId = user;
    keyId = key;
    teamId = team;
    return this;
  }

  public AskBuilder feature(String id) {
    featureId = id;
    return this;
  }

  public AskBuilder parent(@Nullable String runId) {
    parentRunId = runId;
    return this;
  }

  public AskBuilder runLimit(@Nullable MicroUsd limit) {
    runLimit = limit;
    return this;
  }

  public AskBuilder explicitForward(boolean isExplicit) {
    explicitForward = isExplicit;
    return this;
  }

  public AskBuilder ttl(int seconds) {
    ttlSeconds = seconds;
    return this;
  }

  public AskBuilder dryRun() {
    dryRun = true;
    return this;
  }

  public DecisionRequest build() {
    return new DecisionRequest(
        provider,
        model,
        inputTokens,
        inputBytes,
        unboundedInput,
        parts,
        cap,
        choices,
        units,
        Bounds.DEFAULT_TIER,
        null,
        null,
        Map.of(),
        requires,
        contextTokens,
        requestClass,
        mayDowngrade,
        userId,
        keyId,
        teamId,
        featureId,
        parentRunId,
        runLimit,
        explicitForward,
        ttlSeconds,
        dryRun);
  }
}
