package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.account.RateItem;
import io.budgetauthority.ledger.account.RateMove;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Makes the writes of a step of a reservation: its item, and what it changes on accounts and rates
/// (ledger.md#settle).
record StepWrites(
    Database database, LedgerReader reader, String ledgerTable, String decisionsTable) {

  /// The reservation first, if it is still as it was read, then its postings. The rates that the
  /// step changes are read for it.
  List<GroupedWrite> of(Reservation.Step.Move move, Deadline deadline) {
    Map<RateKey, StoredRate> stored =
        reader.rates(
            move.next().tenantId(), move.rates().stream().map(RateMove::key).toList(), deadline);
    List<GroupedWrite> writes = new ArrayList<>();
    writes.add(
        GroupedWrite.alone(
            decisionsTable,
            ReservationItem.key(move.next().id()),
            ReservationItem.change(decisionsTable, move.seen(), after(move, stored))));
    Map<AccountKey, Posting> byItem = new LinkedHashMap<>();
    for (Posting posting : covered(move.postings(), deadline)) {
      Posting before = byItem.get(posting.account());
      byItem.put(posting.account(), before == null ? posting : both(before, posting));
    }
    for (Posting posting : byItem.values()) {
      if (!posting.isNothing()) {
        writes.add(new GroupedPosting(ledgerTable, posting));
      }
    }
    for (RateMove rate : move.rates()) {
      Write write = RateItem.post(ledgerTable, stored.get(rate.key()), rate);
      if (write != null) {
        writes.add(GroupedWrite.alone(ledgerTable, RateItem.key(rate.key()), write));
      }
    }
    return writes;
  }

  private static Posting both(Posting first, Posting second) {
    return Objects.requireNonNull(first.then(second), "a step makes no shard");
  }

  /// The same changes, in which the heads of accounts give what single shards lack.
  private List<Posting> covered(List<Posting> postings, Deadline deadline) {
    List<Key> shards =
        postings.stream()
            .filter(Posting::mayOverdraw)
            .map(posting -> AccountItem.key(posting.account()))
            .toList();
    if (shards.isEmpty()) {
      return postings;
    }
    Map<AccountKey, Account> stored = new HashMap<>();
    for (Attributes item : database.getAll(ledgerTable, shards, deadline)) {
      Account account = AccountItem.read(item);
      stored.put(account.key(), account);
    }
    List<Posting> covered = new ArrayList<>();
    for (Posting posting : postings) {
      Account shard = posting.mayOverdraw() ? stored.get(posting.account()) : null;
      if (shard == null) {
        covered.add(posting);
      } else {
        Posting.Covered parts = posting.coveredBy(shard.storedAvailable());
        covered.add(parts.ofShard());
        covered.add(parts.ofHead());
      }
    }
    return covered;
  }

  private static Reservation after(Reservation.Step.Move move, Map<RateKey, StoredRate> stored) {
    return move.rates().isEmpty()
        ? move.next()
        : move.next()
            .withRates(
                move.rates().stream()
                    .map(rate -> rate.share().taking(rate.takenAfter(stored.get(rate.key()))))
                    .toList());
  }
}
