package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.Division;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.ledger.account.RateItem;
import io.budgetauthority.ledger.counter.GroupedCount;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.ledger.counter.RunCounts;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.ledger.shard.ShardLoad;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Scope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the writes of a decision: its item, its runs, a hold or several postings for each account,
/// a hold for each rate, and the counters of runs (ledger.md#reserve).
///
/// @param load how many shards an account has that is made now
record DecisionWrites(String ledgerTable, String decisionsTable, ShardLoad load) {

  /// The decision first, the counters last.
  List<GroupedWrite> of(DecisionWrite write, Write.Put decision, RunCounts.Placed.On on) {
    Run.CountedOn countedOn = countedOn(on);
    List<GroupedWrite> writes = new ArrayList<>();
    writes.add(
        GroupedWrite.alone(
            decisionsTable, ReservationItem.key(write.reservation().id()), decision));
    for (RunChange change : write.runs()) {
      if (change instanceof RunChange.Start start) {
        Run run = start.run().countedOn(countedOn);
        for (Write.Put put : RunItem.start(ledgerTable, run, start.parent())) {
          writes.add(GroupedWrite.alone(ledgerTable, put.item().key(), put));
        }
      }
    }
    for (ConditionalHold hold : write.holds()) {
      RunChange.Renew seen = write.renewalOf(hold);
      RunChange.Renew renew = seen == null ? null : seen.countedOn(countedOn);
      if (hold.shards() == null) {
        writes.add(
            new GroupedHold(ledgerTable, hold, renew, hold.division(shardsOfNew(hold.enforced()))));
      } else {
        writes.addAll(postingsOf(hold, renew));
      }
    }
    for (RateHold hold : write.rates()) {
      if (hold.taken().signum() > 0) {
        writes.add(
            GroupedWrite.alone(
                ledgerTable, RateItem.key(hold.rate().key()), RateItem.hold(ledgerTable, hold)));
      }
    }
    divide(writes, Database.MAX_WRITES_A_TRANSACTION - on.places().size());
    on.places().forEach(place -> writes.add(new GroupedCount(ledgerTable, place, 1)));
    return writes;
  }

  /// The changes of the shards of one account. Where it is a run's, its head is changed if the
  /// run's end or tuple is, and the shard of the hold must not say that the run has ended
  /// (ledger.md#runs).
  private List<GroupedWrite> postingsOf(ConditionalHold hold, RunChange.@Nullable Renew renew) {
    List<Posting> postings = hold.postings();
    Posting ofHold = postings.getFirst();
    List<GroupedWrite> writes = new ArrayList<>();
    boolean hasHead = false;
    for (Posting posting : postings) {
      boolean isHead = posting.account().shard() == 0;
      hasHead |= isHead;
      writes.add(
          new GroupedPosting(
              ledgerTable,
              posting,
              isHead && renew != null ? renew.ahead() : null,
              renew != null && !isHead && posting.equals(ofHold)));
    }
    if (renew != null && !hasHead && renew.changesHead()) {
      Posting nothing = new Posting(ofHold.account().head(), MicroUsd.ZERO, MicroUsd.ZERO);
      writes.add(new GroupedPosting(ledgerTable, nothing, renew.ahead(), false));
    }
    return writes;
  }

  /// Adds the shards of the accounts that these writes make. Where they are too many for one
  /// transaction, the head of an account begins with its whole limit.
  private void divide(List<GroupedWrite> writes, int maxWrites) {
    for (int i = 0; i < writes.size(); i++) {
      if (writes.get(i) instanceof GroupedHold made && made.division().makesOthers()) {
        Division division = made.division();
        if (writes.size() + division.shards() - 1 <= maxWrites) {
          division
              .others(made.account())
              .forEach(posting -> writes.add(new GroupedPosting(ledgerTable, posting)));
        } else {
          writes.set(
              i, new GroupedHold(ledgerTable, made.hold(), made.renew(), division.undivided()));
        }
      }
    }
  }

  static Run.CountedOn countedOn(RunCounts.Placed.On on) {
    return new Run.CountedOn(
        on.shardOf(RunCounter.Of.ACTIVE_OF_KEY), on.shardOf(RunCounter.Of.ACTIVE_OF_USER));
  }

  /// How many shards an account has if it is made now.
  private int shardsOfNew(EnforcedAccount enforced) {
    return enforced.stored() == null && enforced.account().key().scope() != Scope.RUN
        ? load.wanted(enforced, enforced.account().key(), 1)
        : 1;
  }
}
