package io.budgetauthority.decision;

import io.budgetauthority.ledger.account.Account;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Records the state of an account after each write of several processes, so that an answer can be
/// compared with what was true while it was made. A batch is read item by item, in any order and
/// with pauses.
final class Timeline {

  private static final Set<String> WRITES = Set.of("transactWriteItems", "updateItem", "putItem");
  private static final int MAX_PAUSE_MICROS = 1_500;

  /// About how many pauses a batch has.
  private static final int PAUSES = 3;

  /// The state of the account after a write.
  ///
  /// @param available what it has available, in micro-USD
  /// @param debt by how much its head is below zero, in micro-USD
  /// @param debtsMade how much debt all writes so far have made, in micro-USD
  record State(long available, long debt, long debtsMade) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final List<State> states = new ArrayList<>();
  private final DynamoDbClient reads;
  private final Supplier<Account> now;

  /// @param reads a client that reads without faults
  /// @param now reads the account
  Timeline(DynamoDbClient reads, Supplier<Account> now) {
    this.reads = reads;
    this.now = now;
    add();
  }

  private void add() {
    Account account = now.get();
    long debt = Math.max(0, -account.items().getFirst().storedAvailable().micros());
    State before = states.isEmpty() ? new State(0, debt, 0) : states.getLast();
    states.add(
        new State(
            account.available().micros(),
            debt,
            before.debtsMade() + Math.max(0, debt - before.debt())));
  }

  /// The number of the newest state.
  int mark() {
    lock.lock();
    try {
      return states.size() - 1;
    } finally {
      lock.unlock();
    }
  }

  /// The states from one mark to another.
  List<State> between(int from, int to) {
    lock.lock();
    try {
      return List.copyOf(states.subList(from, to + 1));
    } finally {
      lock.unlock();
    }
  }

  /// Makes a write, and records the state after it.
  <T> T write(Call<T> write) throws Throwable {
    lock.lock();
    try {
      return write.make();
    } finally {
      try {
        add();
      } finally {
        lock.unlock();
      }
    }
  }

  /// Any call.
  interface Call<T> {
    T make() throws Throwable;
  }

  /// A client whose writes are recorded and whose batches are read item by item.
  DynamoDbClient around(DynamoDbClient client) {
    return new ItemByItem(reads, Collections::shuffle, Timeline::pause)
        .around(
            client,
            (method, call) -> WRITES.contains(method.getName()) ? write(call::make) : call.make());
  }

  private static void pause(ItemByItem.Wanted item) {
    if (ThreadLocalRandom.current().nextInt(item.of()) < PAUSES) {
      LockSupport.parkNanos(1_000L * ThreadLocalRandom.current().nextInt(MAX_PAUSE_MICROS));
    }
  }
}
