package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Refill;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One rate at an instant, and the test of that rate in its mode (protocol.md#rates). A rate has no
/// margin, no thresholds and no increases.
///
/// @param burst the most that is available at one time, in micro-USD
/// @param mode the ceiling's, else the tenant's
/// @param ownMode the mode that the ceiling states; null where the mode is the tenant's
/// @param version the state of the configuration that the limit came from
/// @param stored the rate as the ledger has it; null where it has none yet
public record EnforcedRate(
    RateKey key,
    Refill refill,
    MicroUsd burst,
    Mode mode,
    @Nullable Mode ownMode,
    LimitVersion version,
    @Nullable StoredRate stored,
    Instant now)
    implements Enforced {

  @Override
  public AccountName name() {
    return new AccountName(key.scope(), key.id(), key.name());
  }

  /// The same rate with what the ledger has of it.
  public EnforcedRate over(@Nullable StoredRate found) {
    return new EnforcedRate(key, refill, burst, mode, ownMode, version, found, now);
  }

  /// A stored rate under a ceiling that is a rate.
  public static EnforcedRate of(
      StoredRate stored, Ceiling ceiling, Policy policy, LimitVersion version, Instant now) {
    return under(stored.key(), ceiling, policy, version, now).over(stored);
  }

  /// A rate under its ceiling, before the ledger is read.
  public static EnforcedRate under(
      RateKey key, Ceiling ceiling, Policy policy, LimitVersion version, Instant now) {
    return new EnforcedRate(
        key,
        Refill.of(ceiling),
        Objects.requireNonNull(ceiling.burst(), "a rate has a burst"),
        ceiling.mode() == null ? policy.mode() : ceiling.mode(),
        ceiling.mode(),
        version,
        null,
        now);
  }

  /// Whether the ledger has it with other terms. They are put before anything is held on it.
  public boolean hasOtherTerms() {
    return stored != null && !(stored.refill().equals(refill) && stored.burst().equals(burst));
  }

  /// The rate of a share as it is now, in the mode of its decision and with the terms that the
  /// ledger has.
  public static EnforcedRate of(
      String tenantId, RateShare share, @Nullable StoredRate stored, Instant now) {
    return new EnforcedRate(
        keyOf(tenantId, share),
        stored == null ? share.refill() : stored.refill(),
        stored == null ? share.burst() : stored.burst(),
        share.mode(),
        share.ownMode(),
        stored == null ? LimitVersion.NONE : stored.version(),
        stored,
        now);
  }

  /// The rate of a share as it was before the decision's hold, in a mode.
  public static EnforcedRate before(String tenantId, RateShare share, Mode mode, Instant at) {
    Refill refill = share.refill();
    RateKey key = keyOf(tenantId, share);
    MicroUsd taken = share.burst().minus(share.remaining()).minus(share.hold());
    return new EnforcedRate(
        key,
        refill,
        share.burst(),
        mode,
        share.ownMode(),
        LimitVersion.NONE,
        new StoredRate(
            key,
            refill.placeOf(at).add(refill.placesOf(taken)),
            refill,
            share.burst(),
            BigInteger.ZERO,
            null,
            LimitVersion.NONE),
        at);
  }

  /// The key of a share's rate.
  public static RateKey keyOf(String tenantId, RateShare share) {
    return new RateKey(tenantId, share.scope(), share.id(), share.rateName());
  }

  /// What may still be held or charged, in micro-USD; negative in debt.
  public MicroUsd available() {
    return refill.amountOf(refill.placesOf(burst).subtract(takenPlaces()));
  }

  @Override
  public MicroUsd shortfall(Estimate estimate) {
    return mode == Mode.ACTUALS_ONLY
        ? MicroUsd.of(1).minus(available())
        : hold(estimate).minus(available());
  }

  @Override
  public boolean fitsByWaiting(Estimate estimate) {
    return !least(estimate).minus(burst).isPositive();
  }

  @Override
  public @Nullable Instant fitsAt(Estimate estimate) {
    return fitsByWaiting(estimate) ? availableAt(least(estimate)) : null;
  }

  @Override
  public String shortfallInWords() {
    String rate =
        key.scope().wireName()
            + " "
            + key.id()
            + " has "
            + available()
            + " USD left of its "
            + key.name().wireName()
            + " of "
            + refill.limit()
            + " USD in "
            + refill.periodSeconds()
            + " s";
    return burst.equals(refill.limit()) ? rate : rate + ", at most " + burst + " USD at a time";
  }

  /// What must be available for the call.
  private MicroUsd least(Estimate estimate) {
    return mode == Mode.ACTUALS_ONLY ? MicroUsd.of(1) : hold(estimate);
  }

  /// When this much is available again; now where it is.
  private Instant availableAt(MicroUsd amount) {
    BigInteger place = emptyUntil().subtract(refill.placesOf(burst.minus(amount)));
    return place.compareTo(refill.placeOf(now)) <= 0 ? now : refill.instantOf(place);
  }

  /// Where all that was taken is refilled, never in the past.
  BigInteger emptyUntil() {
    BigInteger start = refill.placeOf(now);
    return stored == null ? start : stored.emptyUntilUnder(refill, now).max(start);
  }

  private BigInteger takenPlaces() {
    return emptyUntil().subtract(refill.placeOf(now));
  }

  /// The rate's share of a decision that holds this much on it.
  public RateShare sharing(MicroUsd hold) {
    BigInteger taken = refill.placesOf(hold);
    return share(hold, taken, taken, MicroUsd.ZERO);
  }

  /// The rate's share of a call that is charged this much without a reservation.
  ///
  /// @param charge what the call cost
  /// @param owed the part of it that is not refilled yet, in places of the refill
  public RateShare sharingCharge(MicroUsd charge, BigInteger owed) {
    return share(MicroUsd.ZERO, refill.placesOf(charge), owed, charge.minus(refill.amountOf(owed)));
  }

  /// @param newlyTaken the part of `taken` that is not refilled yet
  /// @param refilledSince what the rate refilled since the call was made
  private RateShare share(
      MicroUsd hold, BigInteger taken, BigInteger newlyTaken, MicroUsd refilledSince) {
    return share(hold, taken, newlyTaken, refilledSince, wholeAt(newlyTaken));
  }

  /// When the burst is whole again once this much more is taken; null where it is whole.
  private @Nullable Instant wholeAt(BigInteger newlyTaken) {
    BigInteger whole = emptyUntil().add(newlyTaken);
    return whole.compareTo(refill.placeOf(now)) > 0 ? refill.instantOf(whole) : null;
  }

  /// Its share of a decision that does not let the call through.
  public RateShare sharingBlock(Estimate estimate) {
    return share(
        MicroUsd.ZERO,
        BigInteger.ZERO,
        BigInteger.ZERO,
        MicroUsd.ZERO,
        isOver(estimate) ? fitsAt(estimate) : wholeAt(BigInteger.ZERO));
  }

  private RateShare share(
      MicroUsd hold,
      BigInteger taken,
      BigInteger newlyTaken,
      MicroUsd refilledSince,
      @Nullable Instant resetsAt) {
    MicroUsd left =
        refill.amountOf(refill.placesOf(burst).subtract(takenPlaces()).subtract(newlyTaken));
    return new RateShare(
        key.scope(),
        key.id(),
        key.name().name(),
        mode,
        refill.limit(),
        refill.periodSeconds(),
        burst,
        hold,
        taken,
        stored == null || stored.changedAt() == null
            ? null
            : stored.refilledUntil(now).subtract(BigInteger.valueOf(refilledSince.micros())),
        left,
        resetsAt,
        mode != Mode.ADVISORY_ESTIMATE && !left.isPositive(),
        ownMode);
  }
}
