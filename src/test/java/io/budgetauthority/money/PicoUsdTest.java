package io.budgetauthority.money;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class PicoUsdTest {

  @Test
  void whenAPriceIsFinerThanAPicoUsd_itIsRoundedUp() {
    assertThat(PicoUsd.ofUsd(new BigDecimal("1e-12")).picos()).isEqualTo(1);
    assertThat(PicoUsd.ofUsd(new BigDecimal("1e-13")).picos()).isEqualTo(1);
    assertThat(PicoUsd.ofUsd(new BigDecimal("1.0000000001e-12")).picos()).isEqualTo(2);
    assertThat(PicoUsd.ofUsd(new BigDecimal("0.000")).picos()).isEqualTo(0);
    assertThat(PicoUsd.ofUsd(new BigDecimal("0e-999999999")).picos()).isEqualTo(0);
  }

  @Test
  void whenASumIsNoWholeMicroUsd_itIsRoundedUp() {
    assertThat(PicoUsd.roundUp(0)).isEqualTo(MicroUsd.ZERO);
    assertThat(PicoUsd.roundUp(1)).isEqualTo(MicroUsd.of(1));
    assertThat(PicoUsd.roundUp(1_000_000)).isEqualTo(MicroUsd.of(1));
    assertThat(PicoUsd.roundUp(1_000_001)).isEqualTo(MicroUsd.of(2));
  }

  @Test
  void whenAPriceIsWritten_itHasTheDecimalsItNeeds() {
    assertThat(new PicoUsd(3_000_000).toString()).isEqualTo("0.000003");
    assertThat(new PicoUsd(1).toString()).isEqualTo("0.000000000001");
    assertThat(new PicoUsd(0).toString()).isEqualTo("0.00");
    assertThat(new PicoUsd(12_500_000_000_000L).toString()).isEqualTo("12.50");
  }

  @Test
  void whenAPriceIsTooLargeOrNegative_itIsRefused() {
    assertThat(PicoUsd.ofUsd(new BigDecimal("9223372.036854775807")).picos())
        .isEqualTo(Long.MAX_VALUE);
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
          assertThat(PicoUsd.ofUsd(new BigDecimal("1e-999999999")).picos()).isEqualTo(1);
        });
  }
}
