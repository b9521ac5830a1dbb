package io.budgetauthority.ledger.group;

import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Writes together what waits at the same time (ledger.md#group-commit). A transaction starts at
/// once, unless so many are under way as may be, or one of them writes an account of it. What waits
/// meanwhile is folded into groups, each one transaction. If a group is not written, for whatever
/// reason, each of its members is sent alone, as if there were no groups. So a group changes how
/// many transactions there are and nothing else. Safe for use by many threads.
public final class WriteGroups {

  /// How many writes a group may have. A transaction may have 100 and 4 MB, and an item of a
  /// decision has about 1 KB.
  private static final int MAX_WRITES = Database.MAX_WRITES_A_TRANSACTION;

  /// With at most so many transactions under way, those that share no item are written together.
  private static final int MAX_JOINING_ALL = 4;

  /// How long others may be written before the one that has waited longest.
  private static final long MAX_OVERTAKEN_NANOS = Duration.ofMillis(50).toNanos();

  private final int atOnce;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Member> waiting = new ArrayDeque<>();
  private final Set<GroupedWrite.Item> busy = new HashSet<>();

  private int underWay;

  /// @param atOnce how many transactions may be under way at one time, at least 1
  public WriteGroups(int atOnce) {
    if (atOnce < 1) {
      throw new IllegalArgumentException("at least one transaction must be under way: " + atOnce);
    }
    this.atOnce = atOnce;
  }

  /// How many transactions may be under way at one time.
  public int atOnce() {
    return atOnce;
  }

  /// Whether all that waits is written together. That is so where few transactions may be under
  /// way, because the database is then one that does few at a time.
  public boolean joinsAll() {
    return atOnce <= MAX_JOINING_ALL;
  }

  /// Sends one transaction.
  public interface Transaction {
    /// Whether it is written.
    boolean send(List<GroupedWrite> writes, Deadline deadline);
  }

  /// What a member is told: to send a group, that it is written, or to go alone.
  private sealed interface Turn {
    record Lead(Group group) implements Turn {}

    record Written() implements Turn {}

    record Alone() implements Turn {}
  }

  /// @param arrived when it began to wait, in nanoseconds
  private record Member(
      List<GroupedWrite> writes, Deadline deadline, CompletableFuture<Turn> turn, long arrived) {

    /// Whether it has waited so long that others leave it the items that it needs.
    boolean isOvertaken() {
      return System.nanoTime() - arrived > MAX_OVERTAKEN_NANOS;
    }
  }

  private record Group(
      List<Member> members,
      Map<GroupedWrite.Item, GroupedWrite> writes,
      Set<GroupedWrite.Item> busy) {}

  /// Sends writes, alone or within a group, and returns what became of them.
  ///
  /// @param transaction sends those of a group
  /// @param written what the caller is given where its writes are written within a group
  /// @param alone sends the caller's writes alone
  /// @param busy what the caller is given at once where its writes would have to wait, because they
  ///   may depend on what was read a moment ago; null where they wait
  public <R> R send(
      List<GroupedWrite> writes,
      Deadline deadline,
      Transaction transaction,
      Supplier<R> written,
      Supplier<R> alone,
      @Nullable Supplier<R> busy) {
    Member member =
        new Member(List.copyOf(writes), deadline, new CompletableFuture<>(), System.nanoTime());
    if (!arrive(member, busy == null) && busy != null) {
      return busy.get();
    }
    return switch (Turns.await(member.turn(), deadline, () -> leaves(member), new Turn.Alone())) {
      case Turn.Written it -> written.get();
      case Turn.Alone it -> alone.get();
      case Turn.Lead lead -> lead(lead.group(), transaction, written, alone);
    };
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

  private <R> R lead(Group group, Transaction transaction, Supplier<R> written, Supplier<R> alone) {
    if (group.members().size() == 1) {
      try {
        return alone.get();
      } finally {
        finish(group);
      }
    }
    Turn turn = new Turn.Alone();
    try {
      if (isWritten(group, transaction)) {
        turn = new Turn.Written();
      }
    } finally {
      for (Member member : group.members()) {
        member.turn().complete(turn);
      }
      finish(group);
    }
    return turn instanceof Turn.Written ? written.get() : alone.get();
  }

  /// A fault of a group is the members' own to find out, each by its own try.
  private static boolean isWritten(Group group, Transaction transaction) {
    try {
      return transaction.send(
          List.copyOf(group.writes().values()),
          Deadline.earliest(group.members().stream().map(Member::deadline).toList()));
    } catch (RuntimeException e) {
      return false;
    }
  }

  /// Starts a transaction of a member alone, or lets it wait.
  ///
  /// @return whether it was started
  private boolean arrive(Member member, boolean mayWait) {
    Group group = null;
    lock.lock();
    try {
      if (underWay < atOnce && sharedOf(member).noneMatch(this::isTaken)) {
        group = started(List.of(member), Map.of());
      } else if (mayWait) {
        waiting.addLast(member);
      }
    } finally {
      lock.unlock();
    }
    if (group != null) {
      member.turn().complete(new Turn.Lead(group));
    }
    return group != null;
  }

  private void finish(Group group) {
    List<Group> next = new ArrayList<>();
    lock.lock();
    try {
      underWay--;
      busy.removeAll(group.busy());
      while (underWay < atOnce) {
        Group one = gather();
        if (one == null) {
          break;
        }
        next.add(one);
      }
    } finally {
      lock.unlock();
    }
    next.forEach(one -> one.members().getFirst().turn().complete(new Turn.Lead(one)));
  }

  /// The first that waits and may start, with others that fit beside it; null where there is none.
  /// Where more than four transactions may be under way, only those of one item are written
  /// together. A transaction of many items would meet more of other processes.
  private @Nullable Group gather() {
    List<Member> members = new ArrayList<>();
    Map<GroupedWrite.Item, GroupedWrite> writes = new LinkedHashMap<>();
    Set<GroupedWrite.Item> taken = new HashSet<>(busy);
    Iterator<Member> all = waiting.iterator();
    boolean isFirst = true;
    while (all.hasNext() && writes.size() < MAX_WRITES) {
      Member member = all.next();
      if (sharedOf(member).anyMatch(taken::contains)) {
        if (isFirst && member.isOvertaken()) {
          sharedOf(member).forEach(taken::add);
        }
        isFirst = false;
        continue;
      }
      if (!members.isEmpty() && !joinsAll() && sharedOf(member).noneMatch(writes::containsKey)) {
        continue;
      }
      isFirst = false;
      Map<GroupedWrite.Item, GroupedWrite> more = together(writes, member);
      if (more != null) {
        writes = more;
        members.add(member);
        all.remove();
      }
    }
    return members.isEmpty() ? null : started(members, writes);
  }

  /// Whether an item is written now, or is left to the one that has waited longest.
  private boolean isTaken(GroupedWrite.Item item) {
    Member first = waiting.peekFirst();
    return busy.contains(item)
        || (first != null && first.isOvertaken() && sharedOf(first).anyMatch(item::equals));
  }

  /// The writes of a group and of one more member; null where they do not fit into a transaction.
  private static @Nullable Map<GroupedWrite.Item, GroupedWrite> together(
      Map<GroupedWrite.Item, GroupedWrite> writes, Member member) {
    Map<GroupedWrite.Item, GroupedWrite> more = new LinkedHashMap<>(writes);
    for (GroupedWrite write : member.writes()) {
      GroupedWrite first = more.get(write.item());
      Optional<GroupedWrite> both = first == null ? Optional.of(write) : first.then(write);
      if (both.isEmpty()) {
        return null;
      }
      more.put(write.item(), both.get());
    }
    return more.size() <= MAX_WRITES ? more : null;
  }

  private Group started(List<Member> members, Map<GroupedWrite.Item, GroupedWrite> writes) {
    Set<GroupedWrite.Item> shared = new HashSet<>();
    members.forEach(member -> sharedOf(member).forEach(shared::add));
    busy.addAll(shared);
    underWay++;
    return new Group(members, writes, shared);
  }

  private static Stream<GroupedWrite.Item> sharedOf(Member member) {
    return member.writes().stream().filter(GroupedWrite::isShared).map(GroupedWrite::item);
  }
}
