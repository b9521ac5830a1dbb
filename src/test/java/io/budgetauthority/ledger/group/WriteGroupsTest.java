package io.budgetauthority.ledger.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// What waits is written together, in the order in which it came, and alone if that fails.
class WriteGroupsTest {

  private static final Duration LONG = Duration.ofSeconds(20);

  /// A sum that any number of writes add to.
  private record Sum(String name, int amount) implements GroupedWrite {
    @Override
    public Item item() {
      return new Item("sums", Key.of(name));
    }

    @Override
    public boolean isShared() {
      return true;
    }

    @Override
    public Optional<GroupedWrite> then(GroupedWrite later) {
      return later instanceof Sum other
          ? Optional.of(new Sum(name, amount + other.amount))
          : Optional.empty();
    }

    @Override
    public Write write() {
      return new Write.Update(
          "sums", Key.of(name), "ADD n :more", null, Attributes.of(":more", amount));
    }
  }

  private static List<GroupedWrite> of(int number, String... sums) {
    List<GroupedWrite> writes = new ArrayList<>();
    Key own = Key.of("own-" + number);
    writes.add(GroupedWrite.alone("own", own, new Write.Put("own", Attributes.at(own).build())));
    for (String sum : sums) {
      writes.add(new Sum(sum, 1));
    }
    return writes;
  }

  /// Sends from threads that are there at once, while the first one is held back.
  private static final class Senders {
    private final WriteGroups groups;
    private final CountDownLatch first = new CountDownLatch(1);
    private final List<List<Write>> sent = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger alone = new AtomicInteger();
    private final AtomicInteger together = new AtomicInteger();
    private final List<Thread> threads = new ArrayList<>();
    private boolean fails;

    private Senders(int atOnce) {
      this.groups = new WriteGroups(atOnce);
    }

    private void send(List<GroupedWrite> writes, boolean waits) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () ->
                      groups.send(
                          writes,
                          Deadline.in(LONG),
                          (all, deadline) -> {
                            sent.add(all.stream().map(GroupedWrite::write).toList());
                            return !fails;
                          },
                          together::incrementAndGet,
                          () -> {
                            if (waits) {
                              await(first);
                            }
                            return alone.incrementAndGet();
                          },
                          null)));
      pause();
    }

    private void end() throws InterruptedException {
      first.countDown();
      for (Thread thread : threads) {
        assertThat(thread.join(LONG)).isTrue();
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whenNothingIsUnderWay_aWriteIsSentAlone() throws InterruptedException {
    Senders senders = new Senders(1);

    senders.send(of(1, "a"), false);
    senders.end();

    assertThat(senders.alone.get()).isEqualTo(1);
    assertThat(senders.sent).isEmpty();
  }

  @Test
  void whenSeveralWait_theyAreOneTransaction() throws InterruptedException {
    Senders senders = new Senders(1);
    senders.send(of(0, "a"), true);
    for (int i = 1; i <= 5; i++) {
      senders.send(of(i, "a", "b"), false);
    }
    senders.end();

    assertThat(senders.sent).hasSize(1);
    assertThat(senders.sent.getFirst()).hasSize(7);
    assertThat(senders.sent.getFirst()).contains(new Sum("a", 5).write(), new Sum("b", 5).write());
    assertThat(senders.together.get()).isEqualTo(5);
    assertThat(senders.alone.get()).isEqualTo(1);
  }

  @Test
  void whenAGroupIsNotWritten_eachGoesAlone() throws InterruptedException {
    Senders senders = new Senders(1);
    senders.fails = true;
    senders.send(of(0, "a"), true);
    for (int i = 1; i <= 4; i++) {
      senders.send(of(i, "a"), false);
    }
    senders.end();

    assertThat(senders.sent).hasSize(1);
    assertThat(senders.together.get()).isZero();
    assertThat(senders.alone.get()).isEqualTo(5);
  }

  @Test
  void whenAnAccountIsBusy_onlyItsOwnWait() throws InterruptedException {
    Senders senders = new Senders(8);
    senders.send(of(0, "a"), true);
    senders.send(of(1, "b"), false);
    assertThat(senders.alone.get()).as("another account").isEqualTo(1);
    senders.send(of(2, "a", "c"), false);
    senders.send(of(3, "c"), false);
    assertThat(senders.alone.get()).as("an item that is free").isEqualTo(2);
    Thread.sleep(60);
    senders.send(of(4, "c"), false);
    assertThat(senders.alone.get()).as("what has waited long is served first").isEqualTo(2);
    senders.end();

    assertThat(senders.together.get()).isEqualTo(2);
  }

  @Test
  void whenFewMayBeUnderWay_allThatWaitJoin() throws InterruptedException {
    Senders senders = new Senders(2);
    senders.send(of(0, "a"), true);
    senders.send(of(1, "b"), true);
    senders.send(of(2, "c"), false);
    senders.send(of(3, "d"), false);
    senders.end();

    assertThat(senders.sent).hasSize(1);
    assertThat(senders.sent.getFirst())
        .contains(new Sum("c", 1).write(), new Sum("d", 1).write())
        .hasSize(4);
  }

  @Test
  void whenManyMayBeUnderWay_onlyThoseOfOneItemJoin() throws InterruptedException {
    Senders senders = new Senders(5);
    senders.send(of(0, "a", "b"), true);
    senders.send(of(1, "a"), false);
    senders.send(of(2, "b"), false);
    senders.send(of(3, "a"), false);
    senders.end();

    assertThat(senders.sent).hasSize(1);
    assertThat(senders.sent.getFirst()).contains(new Sum("a", 2).write()).hasSize(3);
    assertThat(senders.alone.get()).isEqualTo(2);
  }

  @Test
  void whenACallMayNotWait_itIsToldThatItemsAreBusy() throws InterruptedException {
    Senders senders = new Senders(8);
    senders.send(of(0, "a"), true);

    WriteGroups.Transaction never =
        (all, deadline) -> {
          throw new IllegalStateException("a call that may not wait is in no group");
        };
    assertThat(
            senders.groups.<String>send(
                of(1, "a"), Deadline.in(LONG), never, () -> "", () -> "alone", () -> "busy"))
        .isEqualTo("busy");
    assertThat(
            senders.groups.<String>send(
                of(2, "b"), Deadline.in(LONG), never, () -> "", () -> "alone", () -> "busy"))
        .isEqualTo("alone");
    senders.end();
  }

  @Test
  void whenMoreWaitThanFit_thereAreSeveralGroups() throws InterruptedException {
    Senders senders = new Senders(1);
    senders.send(of(0), true);
    for (int i = 1; i <= 120; i++) {
      senders.send(of(i, "a"), false);
    }
    senders.end();

    assertThat(senders.sent).hasSize(2);
    assertThat(senders.sent).allSatisfy(group -> assertThat(group).hasSizeLessThanOrEqualTo(100));
    assertThat(senders.together.get()).isEqualTo(120);
  }

  @Test
  void whenTwoHaveOneItemOfTheirOwn_theyAreNotOneGroup() throws InterruptedException {
    Senders senders = new Senders(1);
    senders.send(of(0), true);
    senders.send(of(7, "a"), false);
    senders.send(of(7, "a"), false);
    senders.send(of(8, "a"), false);
    senders.end();

    assertThat(senders.sent).hasSize(1);
    assertThat(senders.together.get()).isEqualTo(2);
    assertThat(senders.alone.get()).isEqualTo(2);
  }

  @Test
  void whenOneNeverEnds_theOthersGoAloneAtTheirDeadlines() throws InterruptedException {
    Senders senders = new Senders(1);
    senders.send(of(0, "a"), true);

    assertThat(
            senders.groups.<String>send(
                of(1, "a"),
                Deadline.in(Duration.ofMillis(50)),
                (all, deadline) -> true,
                () -> "together",
                () -> "alone",
                null))
        .isEqualTo("alone");
    senders.send(of(2, "a"), false);
    senders.end();

    assertThat(senders.alone.get()).isEqualTo(2);
  }

  @Test
  void whenASenderFails_theOthersGoOn() throws InterruptedException {
    WriteGroups groups = new WriteGroups(1);
    assertThrows(
        IllegalStateException.class,
        () ->
            groups.send(
                of(0, "a"),
                Deadline.in(LONG),
                (all, deadline) -> true,
                () -> "",
                () -> {
                  throw new IllegalStateException("a fault");
                },
                null));

    assertThat(
            groups.<String>send(
                of(1, "a"),
                Deadline.in(LONG),
                (all, deadline) -> true,
                () -> "",
                () -> "alone",
                null))
        .isEqualTo("alone");
  }

  /// No item is in two transactions at one time, none is lost, and each caller is answered once.
  @Test
  void whenManySend_noAccountIsWrittenTwiceAtOnce() throws InterruptedException {
    WriteGroups groups = new WriteGroups(4);
    Set<String> busy = ConcurrentHashMap.newKeySet();
    AtomicInteger clashes = new AtomicInteger();
    ConcurrentHashMap<String, Integer> sums = new ConcurrentHashMap<>();
    AtomicInteger answers = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      int number = i;
      List<GroupedWrite> writes = of(i, "s" + i % 5, "t" + i % 3);
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    groups.send(
                        writes,
                        Deadline.in(LONG),
                        (all, deadline) -> {
                          apply(
                              all.stream().map(GroupedWrite::write).toList(), busy, clashes, sums);
                          return true;
                        },
                        () -> number,
                        () -> {
                          apply(
                              writes.stream().map(GroupedWrite::write).toList(),
                              busy,
                              clashes,
                              sums);
                          return number;
                        },
                        null);
                    answers.incrementAndGet();
                  }));
    }
    for (Thread thread : threads) {
      assertThat(thread.join(LONG)).isTrue();
    }

    assertThat(answers.get()).isEqualTo(400);
    assertThat(clashes.get()).isZero();
    assertThat(sums.values().stream().mapToInt(it -> it).sum()).isEqualTo(800);
  }

  private static void apply(
      List<Write> writes,
      Set<String> busy,
      AtomicInteger clashes,
      ConcurrentHashMap<String, Integer> sums) {
    Set<String> mine = new HashSet<>();
    for (Write write : writes) {
      if (write instanceof Write.Update update) {
        String name = update.key().partition();
        if (!busy.add(name)) {
          clashes.incrementAndGet();
        }
        mine.add(name);
        sums.merge(name, (int) update.values().number(":more"), Integer::sum);
      }
    }
    Thread.yield();
    busy.removeAll(mine);
  }
}
