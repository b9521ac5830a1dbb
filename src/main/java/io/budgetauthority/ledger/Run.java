package io.budgetauthority.ledger;

import com.fasterxml.jackson.annotation.JsonValue;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One session of an agent and its account, which are stored in one item. The run is bound to the
/// tuple of its first decision. A part that was absent then is bound by the first decision that
/// states it.
///
/// @param ancestors the other runs that its calls are held against, its parent first; they never
///   change
/// @param ended how it was ended; null while it was not, even if its time is over
/// @param madeLimit the limit that it was created with; the account has the one that applies
/// @param rules what its ceiling says besides its limit
/// @param counted whether it counts as an active and as a new run; one that was issued to a single
///   call does not until a second call names it
/// @param countedOn where it counts as active
public record Run(
    String tenantId,
    String runId,
    List<String> ancestors,
    Tuple tuple,
    @Nullable State ended,
    Instant createdAt,
    Instant expiresAt,
    MicroUsd madeLimit,
    Rules rules,
    boolean counted,
    CountedOn countedOn,
    Account account) {

  /// protocol.md#child-runs: a run and its ancestors are at most this many.
  public static final int MAX_LEVELS = 4;

  public Run {
    ancestors = List.copyOf(ancestors);
  }

  /// The same run under another ceiling over its total, which is one more change of its limits.
  public Run withCeiling(Ceiling ceiling) {
    return with(
        Rules.of(ceiling, rules.rates()),
        account.under(ceiling.limit(), LimitVersion.ofRun(account.version().ceilings() + 1)));
  }

  /// The same run with other rates, which is one more change of its limits.
  public Run withRates(Map<RateName, Ceiling> rates) {
    return with(
        new Rules(rules.mode(), rules.margin(), rules.warnAtPercent(), rates),
        account.under(
            account.limitOfCeiling(), LimitVersion.ofRun(account.version().ceilings() + 1)));
  }

  /// The same run without the increases whose time has passed at an instant.
  public Run at(Instant instant) {
    return with(rules, account.at(instant));
  }

  /// What a run is bound to; empty where it does not exist. A run that was bound between two
  /// readings may not admit a call any more.
  public static Optional<Tuple> tupleOf(@Nullable Run run) {
    return Optional.ofNullable(run).map(Run::tuple);
  }

  /// The same run with the sums of all shards of its account.
  Run over(Account whole) {
    return with(rules, whole);
  }

  private Run with(Rules newRules, Account newAccount) {
    return new Run(
        tenantId,
        runId,
        ancestors,
        tuple,
        ended,
        createdAt,
        expiresAt,
        madeLimit,
        newRules,
        counted,
        countedOn,
        newAccount);
  }

  public @Nullable String parentRunId() {
    return ancestors.isEmpty() ? null : ancestors.getFirst();
  }

  /// The ancestors of a run that this one would start.
  public List<String> ancestorsOfChild() {
    List<String> chain = new ArrayList<>(ancestors.size() + 1);
    chain.add(runId);
    chain.addAll(ancestors);
    return chain;
  }

  /// The shards of the counters of its key and its user that it counts on (ledger.md#counters).
  public record CountedOn(int keyShard, int userShard) {

    /// The heads, which are the only shards of counters that are not split.
    public static final CountedOn HEADS = new CountedOn(0, 0);
  }

  /// The same run, which counts on these shards.
  Run countedOn(CountedOn shards) {
    return new Run(
        tenantId, runId, ancestors, tuple, ended, createdAt, expiresAt, madeLimit, rules, counted,
        shards, account);
  }

  /// What a run's ceilings say besides its limit.
  ///
  /// @param mode null for the tenant's
  /// @param margin null for the policy's
  /// @param rates the run's rates
  public record Rules(
      @Nullable Mode mode,
      @Nullable MicroUsd margin,
      List<Integer> warnAtPercent,
      Map<RateName, Ceiling> rates) {

    /// The rules of a run whose ceilings nobody set.
    public static final Rules USUAL =
        new Rules(null, null, Ceiling.DEFAULT_WARN_AT_PERCENT, Map.of());

    public Rules {
      warnAtPercent = List.copyOf(warnAtPercent);
      rates = Map.copyOf(rates);
    }

    /// @param ceiling over the total
    public static Rules of(Ceiling ceiling, Map<RateName, Ceiling> rates) {
      return new Rules(ceiling.mode(), ceiling.margin(), ceiling.warnAtPercent(), rates);
    }
  }

  /// All ceilings of the run.
  public Map<CeilingWindow, Ceiling> ceilings() {
    Map<CeilingWindow, Ceiling> ceilings = new HashMap<>(rules.rates());
    ceilings.put(Window.TOTAL, ceiling());
    return ceilings;
  }

  /// The ceiling over the total of the run: its limit without increases, and its rules.
  public Ceiling ceiling() {
    return new Ceiling(
        account.limitOfCeiling(), rules.mode(), rules.margin(), rules.warnAtPercent());
  }

  /// The state of a run at an instant.
  public enum State {
    ACTIVE,
    CLOSED,
    EXPIRED;

    @JsonValue
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public State stateAt(Instant now) {
    if (ended != null) {
      return ended;
    }
    return now.isAfter(expiresAt) ? State.EXPIRED : State.ACTIVE;
  }
}
