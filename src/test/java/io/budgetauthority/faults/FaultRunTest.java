package io.budgetauthority.faults;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// The fault run: short on each build, long by `-Dfaults.lifecycles=100000`, again by
/// `-Dfaults.seed=…`.
class FaultRunTest {

  private static final int SHORT = 800;

  @Test
  void whenFaultsOccur_nothingIsLostOrChargedTwice() throws Exception {
    long seed = Long.getLong("faults.seed", System.nanoTime());
    FaultRun.Report report =
        new FaultRun(seed, Integer.getInteger("faults.lifecycles", SHORT)).run();
    System.out.println(report);
    assertThat(report.discrepancies()).as(report.toString()).isEmpty();
    report
        .faults()
        .forEach(
            (kind, count) -> assertThat(count > 0).as(kind + " never struck: " + report).isTrue());
  }
}
