package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One account and its test in its mode (protocol.md#modes).
///
/// @param account the sums, under the limit that applies
/// @param stored the account as the ledger has it; null where it has none yet
/// @param mode the ceiling's, else the tenant's
/// @param margin what `soft_gate` allows beyond the limit
/// @param resetsAt the end of the account's period; null for a total
/// @param own what the ceiling itself states of mode and margin
public record EnforcedAccount(
    Account account,
    @Nullable Account stored,
    Mode mode,
    MicroUsd margin,
    List<Integer> warnAtPercent,
    @Nullable Instant resetsAt,
    Own own)
    implements Enforced {

  public EnforcedAccount {
    warnAtPercent = List.copyOf(warnAtPercent);
  }

  /// What a ceiling states, where the tenant's mode and the policy's margin do not apply.
  ///
  /// @param mode null for the tenant's
  /// @param margin null for the policy's
  /// @param shards how many shards the account has; null where the ledger splits it as it is used
  public record Own(@Nullable Mode mode, @Nullable MicroUsd margin, @Nullable Integer shards) {
    static final Own NOTHING = new Own(null, null);

    /// That of a ceiling that states no number of shards.
    public Own(@Nullable Mode mode, @Nullable MicroUsd margin) {
      this(mode, margin, null);
    }
  }

  /// An account whose ceiling states neither mode nor margin.
  public EnforcedAccount(
      Account account,
      @Nullable Account stored,
      Mode mode,
      MicroUsd margin,
      List<Integer> warnAtPercent,
      @Nullable Instant resetsAt) {
    this(account, stored, mode, margin, warnAtPercent, resetsAt, Own.NOTHING);
  }

  @Override
  public AccountName name() {
    AccountKey key = account.key();
    return new AccountName(key.scope(), key.id(), key.window());
  }

  /// In `actuals_only` it is committed less the limit, plus one micro-USD, so that an account at
  /// its limit falls short too.
  @Override
  public MicroUsd shortfall(Estimate estimate) {
    return switch (mode) {
      case HARD_GATE, ADVISORY_ESTIMATE -> estimate.worst().minus(account.available());
      case SOFT_GATE -> estimate.expected().minus(account.available().plus(margin));
      case ACTUALS_ONLY -> account.committed().minus(account.limit()).plus(MicroUsd.of(1));
    };
  }

  @Override
  public boolean fitsByWaiting(Estimate estimate) {
    return !with(account.withSums(account.committed(), MicroUsd.ZERO), stored).blocks(estimate);
  }

  /// An increase ends with its period.
  @Override
  public @Nullable Instant fitsAt(Estimate estimate) {
    boolean fitsUnused =
        !with(Account.unused(account.key(), account.limitOfCeiling(), account.version()), stored)
            .blocks(estimate);
    return fitsUnused ? resetsAt : null;
  }

  @Override
  public String shortfallInWords() {
    String left =
        account.key().scope().wireName()
            + " "
            + account.key().id()
            + " has "
            + account.available()
            + " USD left of "
            + account.limit();
    return mode == Mode.ACTUALS_ONLY ? left + ", all of it spent" : left;
  }

  /// Whether nothing is left for a call that costs something, once this much more is held or
  /// charged.
  public boolean isExhaustedAfter(MicroUsd taken) {
    MicroUsd left = account.available().minus(taken);
    return switch (mode) {
      case HARD_GATE -> !left.isPositive();
      case SOFT_GATE -> !left.plus(margin).isPositive();
      case ACTUALS_ONLY -> account.committed().compareTo(account.limit()) >= 0;
      case ADVISORY_ESTIMATE -> false;
    };
  }

  /// The condition under which the ledger holds the amount.
  ConditionalHold.Condition condition(Estimate estimate) {
    if (estimate.free()) {
      return new ConditionalHold.Condition.None();
    }
    return switch (mode) {
      case HARD_GATE -> new ConditionalHold.Condition.AtLeast(estimate.worst());
      case SOFT_GATE -> new ConditionalHold.Condition.AtLeast(estimate.expected().minus(margin));
      case ADVISORY_ESTIMATE -> new ConditionalHold.Condition.None();
      case ACTUALS_ONLY -> new ConditionalHold.Condition.NotSpent();
    };
  }

  /// The account's share of a decision that holds this much on it, in micro-USD.
  public AccountShare sharing(MicroUsd hold) {
    return share(0, hold, MicroUsd.ZERO);
  }

  /// The same, of what is held and charged on one shard of the account.
  AccountShare share(int shard, MicroUsd hold, MicroUsd charge) {
    AccountKey key = account.key();
    return new AccountShare(
        key.scope(),
        key.id(),
        key.window(),
        key.period().isEmpty() ? null : key.period(),
        shard,
        mode,
        mode == Mode.SOFT_GATE ? margin : null,
        account.limit(),
        hold,
        account.committed().plus(charge),
        account.reserved().plus(hold),
        resetsAt,
        isExhaustedAfter(hold.plus(charge)),
        ownThresholds(),
        own.mode(),
        own.margin());
  }

  /// The thresholds where they are not the default ones; null where they are.
  private @Nullable List<Integer> ownThresholds() {
    return warnAtPercent.equals(Ceiling.DEFAULT_WARN_AT_PERCENT) ? null : warnAtPercent;
  }

  /// The same account with the sums that the ledger has, under the limit that applies.
  public EnforcedAccount over(Account found) {
    return with(found.under(account.limitOfCeiling(), account.version()), found);
  }

  private EnforcedAccount with(Account newAccount, @Nullable Account newStored) {
    return new EnforcedAccount(newAccount, newStored, mode, margin, warnAtPercent, resetsAt, own);
  }

  /// Where more is held on the shard that holds already; empty where the shards that were read do
  /// not have it.
  public Optional<Placement> placement(MicroUsd least) {
    Shards shards = shards();
    return shards == null ? Optional.of(Placement.on(0)) : Placement.onOwn(shards, least);
  }

  /// What the other shards change for a placement.
  public List<Posting> givenBy(Placement placement) {
    Shards shards = shards();
    return shards == null ? List.of() : placement.givenBy(shards);
  }

  /// The account as it may have been at most since an earlier reading of its shards; empty where
  /// its shards or its limit were others.
  public Optional<EnforcedAccount> atMostSince(EnforcedAccount earlier) {
    Shards now = shards();
    Shards before = earlier.shards();
    return now == null && before == null
        ? Optional.of(this)
        : Shards.atMostSince(before, now).map(this::over);
  }

  /// Whether what was read of its shards is enough to judge any call. An account of one item always
  /// is. Only `hard_gate` judges some calls by one shard.
  public boolean isWhole() {
    Shards shards = shards();
    return shards == null || shards.isWhole();
  }

  /// What was read of its shards; null for an account of one item.
  @Nullable Shards shards() {
    return stored == null ? null : stored.shards();
  }

  /// Whether it has several shards.
  public boolean isSplit() {
    return stored != null && stored.isSplit();
  }

  /// The account of a share as it is now, in the mode and with the margin of its decision.
  public static EnforcedAccount of(AccountShare share, Account account) {
    return new EnforcedAccount(
        account,
        account,
        share.mode(),
        share.margin() == null ? MicroUsd.ZERO : share.margin(),
        List.of(),
        share.resetsAt(),
        new Own(share.ownMode(), share.ownMargin()));
  }

  /// The thresholds, in percent of the limit, that committed plus held crosses by this hold.
  public List<Integer> crossedBy(MicroUsd hold) {
    MicroUsd before = account.committed().plus(account.reserved());
    MicroUsd after = before.plus(hold);
    return warnAtPercent.stream()
        .filter(percent -> !reaches(before, percent) && reaches(after, percent))
        .toList();
  }

  /// Whether an amount is at or above a share of the limit.
  public boolean reaches(MicroUsd amount, int percent) {
    return amount.isAtLeastPercentOf(percent, account.limit());
  }
}
