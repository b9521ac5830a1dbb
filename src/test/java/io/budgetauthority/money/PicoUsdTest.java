package io.budgetauthority.money;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class PicoUsdTest {

  @Test
  void whenAPriceIsFinerThanAPicoUsd_itIsRoundedUp() {
    assertEquals(1, PicoUsd.ofUsd(new BigDecimal("1e-12")).picos());
    assertEquals(1, PicoUsd.ofUsd(new BigDecimal("1e-13")).picos());
    assertEquals(2, PicoUsd.ofUsd(new BigDecimal("1.0000000001e-12")).picos());
    assertEquals(0, PicoUsd.ofUsd(new BigDecimal("0.000")).picos());
    assertEquals(0, PicoUsd.ofUsd(new BigDecimal("0e-999999999")).picos());
  }

  @Test
  void whenASumIsNoWholeMicroUsd_itIsRoundedUp() {
    assertEquals(MicroUsd.ZERO, PicoUsd.roundUp(0));
    assertEquals(MicroUsd.of(1), PicoUsd.roundUp(1));
    assertEquals(MicroUsd.of(1), PicoUsd.roundUp(1_000_000));
    assertEquals(MicroUsd.of(2), PicoUsd.roundUp(1_000_001));
  }

  @Test
  void whenAPriceIsWritten_itHasTheDecimalsItNeeds() {
    assertEquals("0.000003", new PicoUsd(3_000_000).toString());
    assertEquals("0.000000000001", new PicoUsd(1).toString());
    assertEquals("0.00", new PicoUsd(0).toString());
    assertEquals("12.50", new PicoUsd(12_500_000_000_000L).toString());
  }

  @Test
  void whenAPriceIsTooLargeOrNegative_itIsRefused() {
    assertEquals(Long.MAX_VALUE, PicoUsd.ofUsd(new BigDecimal("9223372.036854775807")).picos());
    assertThrows(
        ArithmeticException.class, () -> PicoUsd.ofUsd(new BigDecimal("9223372.036854775808")));
    assertThrows(IllegalArgumentException.class, () -> PicoUsd.ofUsd(new BigDecimal("-1e-12")));
  }

  @Test
  void whenAnExponentIsHuge_theAnswerIsQuick() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> {
          BigDecimal huge = new BigDecimal("1e99999999");
          assertThrows(ArithmeticException.class, () -> PicoUsd.ofUsd(huge));
          assertEquals(1, PicoUsd.ofUsd(new BigDecimal("1e-999999999")).picos());
        });
  }
}
