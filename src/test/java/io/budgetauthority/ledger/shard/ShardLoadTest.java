package io.budgetauthority.ledger.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// How many shards an account should have (ledger.md#shards).
class ShardLoadTest {

  private static final AccountKey MONDAY = day("2026-11-23");
  private static final AccountKey TUESDAY = day("2026-11-24");

  private final AtomicLong nanos = new AtomicLong();
  private final ShardLoad load = new ShardLoad(nanos::get, null);

  private static AccountKey day(String period) {
    return new AccountKey("t", Scope.TENANT, "-", Window.DAY, period, 0);
  }

  private void tries(int all, int conflicts) {
    for (int i = 0; i < all; i++) {
      load.count(MONDAY, i < conflicts);
    }
  }

  private void pass(int seconds) {
    nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  @Test
  void whenAFifthConflicts_theNumberDoublesAfterTenSeconds() {
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    tries(100, 20);
    pass(9);
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    pass(1);
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(2);
  }

  @Test
  void whenHalfOfASecondConflicts_theNumberIsFourfold() {
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    tries(100, 49);
    pass(1);
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    tries(2, 2);
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(4);
    assertThat(load.wanted(MONDAY, 4)).as("the counts begin again").isEqualTo(4);
    tries(100, 50);
    assertThat(load.wanted(MONDAY, 4)).isEqualTo(4);
    pass(1);
    assertThat(load.wanted(MONDAY, 4)).isEqualTo(16);
  }

  @Test
  void whenFourFifthsConflict_theNumberIsEightfold() {
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    tries(100, 80);
    pass(1);
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(8);
    assertThat(load.wanted(MONDAY, 16)).isEqualTo(16);
    tries(100, 80);
    pass(1);
    assertThat(load.wanted(MONDAY, 16)).isEqualTo(64);
  }

  /// A process that answers one request at a time makes few tries in ten seconds.
  @Test
  void whenThereAreFewTries_theyCountUntilThereAreEnough() {
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    for (int seconds = 0; seconds < 40; seconds += 10) {
      tries(4, 1);
      pass(10);
      assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    }
    tries(4, 1);
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(2);
  }

  @Test
  void whenFewConflict_theNumberStays() {
    assertThat(load.wanted(MONDAY, 4)).isEqualTo(4);
    tries(100, 19);
    pass(10);
    assertThat(load.wanted(MONDAY, 4)).isEqualTo(4);
    tries(19, 19);
    pass(10);
    assertThat(load.wanted(MONDAY, 4)).as("19 tries say nothing").isEqualTo(4);
  }

  @Test
  void whenAnotherProcessSplit_theCountsBeginAgain() {
    assertThat(load.wanted(MONDAY, 1)).isEqualTo(1);
    tries(100, 50);
    pass(10);
    assertThat(load.wanted(MONDAY, 2)).isEqualTo(2);
    pass(10);
    assertThat(load.wanted(MONDAY, 2)).isEqualTo(2);
  }

  @Test
  void whenThereAre64_theNumberStays() {
    assertThat(load.wanted(MONDAY, 64)).isEqualTo(64);
    tries(100, 100);
    pass(10);
    assertThat(load.wanted(MONDAY, 64)).isEqualTo(64);
  }

  @Test
  void whenAPeriodBegins_theNumberIsCarriedOver() {
    assertThat(load.wanted(MONDAY, 8)).isEqualTo(8);
    tries(100, 10);
    assertThat(load.wanted(TUESDAY, 1)).isEqualTo(8);
    assertThat(load.wanted(TUESDAY, 8)).isEqualTo(8);
    assertThat(load.wanted(MONDAY, 8)).as("a late call").isEqualTo(8);
  }

  @Test
  void whenThePeriodBeforeWasQuiet_halfIsCarriedOver() {
    assertThat(load.wanted(MONDAY, 8)).isEqualTo(8);
    tries(100, 4);
    assertThat(load.wanted(TUESDAY, 1)).isEqualTo(4);
  }

  @Test
  void whenANumberIsStated_theLoadDoesNotCount() {
    assertThat(new ShardLoad(nanos::get, 7).wanted(MONDAY, 1)).isEqualTo(7);
    assertThatThrownBy(() -> new ShardLoad(nanos::get, 65))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("BUDGET_SHARDS must be from 1 to 64, not 65");
  }
}
