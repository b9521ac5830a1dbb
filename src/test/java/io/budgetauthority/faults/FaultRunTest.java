package io.budgetauthority.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// The fault run: short on each build, long by `-Dfaults.lifecycles=100000`, again by
/// `-Dfaults.seed=…`.
class FaultRunTest {

  private static final int SHORT = 800;

  @Test
  void whenFaultsOccur_nothingIsLostOrChargedTwice() throws Exception {
    long seed = Long.getLong("faults.seed", System.nanoTime());
    FaultRun.Report report =
        new FaultRun(seed, Integer.getInteger("faults.lifecycles", SHORT)).play();
    System.out.println(report);
    assertEquals(List.of(), report.discrepancies(), report.toString());
    report
        .faults()
        .forEach((kind, count) -> assertTrue(count > 0, kind + " never struck: " + report));
  }
}
