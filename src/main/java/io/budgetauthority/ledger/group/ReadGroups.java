package io.budgetauthority.ledger.group;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Reads together what is wanted at the same time (ledger.md#group-commit). A read starts at once,
/// unless so many are under way as may be. What waits meanwhile is one batch, which starts after
/// each of its members arrived, so each reads what a read of its own would. If a batch fails, each
/// member reads alone. Safe for use by many threads.
public final class ReadGroups {

  private final Database database;
  private final int atOnce;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Member> waiting = new ArrayDeque<>();
  private int underWay;

  /// @param atOnce how many reads may be under way at one time, at least 1
  public ReadGroups(Database database, int atOnce) {
    this.database = database;
    this.atOnce = atOnce;
  }

  /// What a member is told: to read for a batch, what was found, or to read alone.
  private sealed interface Turn {
    record Lead(List<Member> batch) implements Turn {}

    record Found(List<Attributes> items) implements Turn {}

    record Alone() implements Turn {}
  }

  /// @param keys by table
  private record Member(
      Map<String, Set<Key>> keys, Deadline deadline, CompletableFuture<Turn> turn) {

    Stream<Key> all() {
      return keys.values().stream().flatMap(Set::stream);
    }
  }

  /// Every item that exists for these keys by table, strongly consistent.
  ///
  /// @param alone reads them where nothing else is read with them
  public List<Attributes> getAll(
      Map<String, ? extends Collection<Key>> keys,
      Deadline deadline,
      Supplier<List<Attributes>> alone) {
    Map<String, Set<Key>> distinct = new LinkedHashMap<>();
    keys.forEach((table, some) -> distinct.put(table, new LinkedHashSet<>(some)));
    Member member = new Member(distinct, deadline, new CompletableFuture<>());
    if (member.all().count() > Database.MAX_KEYS_A_BATCH) {
      return alone.get();
    }
    arrive(member);
    return switch (Turns.await(member.turn(), deadline, () -> leaves(member), new Turn.Alone())) {
      case Turn.Found found -> found.items();
      case Turn.Alone it -> alone.get();
      case Turn.Lead lead -> lead(lead.batch(), alone);
    };
  }

  private void arrive(Member member) {
    lock.lock();
    try {
      if (underWay == atOnce) {
        waiting.addLast(member);
        return;
      }
      underWay++;
    } finally {
      lock.unlock();
    }
    member.turn().complete(new Turn.Lead(List.of(member)));
  }

  /// Whether a member still waited. It waits no longer.
  private boolean leaves(Member member) {
    lock.lock();
    try {
      return waiting.remove(member);
    } finally {
      lock.unlock();
    }
  }

  /// Reads for the first member and for those that wait for it.
  private List<Attributes> lead(List<Member> batch, Supplier<List<Attributes>> alone) {
    if (batch.size() == 1) {
      try {
        return alone.get();
      } finally {
        finish();
      }
    }
    Map<Key, Attributes> found = null;
    try {
      found = read(batch);
    } catch (RuntimeException e) {
      // It is the members' own to find out, each by its own read.
    } finally {
      for (Member member : batch.subList(1, batch.size())) {
        member.turn().complete(found == null ? new Turn.Alone() : of(member, found));
      }
      finish();
    }
    return found == null ? alone.get() : of(batch.getFirst(), found).items();
  }

  private Map<Key, Attributes> read(List<Member> batch) {
    Map<String, Set<Key>> keys = new LinkedHashMap<>();
    for (Member member : batch) {
      member
          .keys()
          .forEach(
              (table, some) ->
                  keys.computeIfAbsent(table, same -> new LinkedHashSet<>()).addAll(some));
    }
    Deadline deadline = Deadline.earliest(batch.stream().map(Member::deadline).toList());
    Map<Key, Attributes> found = new HashMap<>();
    database.getAll(keys, deadline).forEach(item -> found.put(item.key(), item));
    return found;
  }

  /// The keys of one table have no sort key and those of the other have one, so a key is enough.
  private static Turn.Found of(Member member, Map<Key, Attributes> found) {
    return new Turn.Found(member.all().map(found::get).filter(Objects::nonNull).toList());
  }

  /// Starts the next batch. What several members want is one key of it.
  private void finish() {
    List<Member> next = new ArrayList<>();
    lock.lock();
    try {
      Set<Key> keys = new HashSet<>();
      for (Iterator<Member> all = waiting.iterator(); all.hasNext(); ) {
        Member member = all.next();
        long more = member.all().filter(key -> !keys.contains(key)).count();
        if (keys.size() + more > Database.MAX_KEYS_A_BATCH) {
          break;
        }
        member.all().forEach(keys::add);
        next.add(member);
        all.remove();
      }
      if (next.isEmpty()) {
        underWay--;
      }
    } finally {
      lock.unlock();
    }
    if (!next.isEmpty()) {
      next.getFirst().turn().complete(new Turn.Lead(next));
    }
  }
}
