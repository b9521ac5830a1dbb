package io.budgetauthority.money;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The ledger's unit and its wire form (protocol.md#wire-format).
class MicroUsdTest {

  @ParameterizedTest
  @CsvSource({
    "0.00, 0",
    "5.00, 5000000",
    "0.31, 310000",
    "0.000125, 125",
    "0.000001, 1",
    "0.10, 100000",
    "0.101, 101000",
    "-0.12, -120000",
    "-0.000001, -1",
    "-10.00, -10000000",
    "999999999.999999, 999999999999999",
  })
  void whenAnAmountIsWritten_itHasTheDecimalsItNeeds(String wire, long micros) {
    assertThat(MicroUsd.parse(wire).micros()).isEqualTo(micros);
    assertThat(MicroUsd.of(micros).toString()).isEqualTo(wire);
  }

  @Test
  void whenZerosAreRedundant_theyAreRead() {
    assertThat(MicroUsd.parse("5.000000")).isEqualTo(MicroUsd.of(5_000_000));
    assertThat(MicroUsd.parse("-0.00")).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenASumIsLarge_itIsReadAsItWasWritten() {
    MicroUsd sum = MicroUsd.of(9_000_000_000_000_000_000L);

    assertThat(sum.toString()).isEqualTo("9000000000000.00");
    assertThat(MicroUsd.parse(sum.toString())).isEqualTo(sum);
    assertThrows(IllegalArgumentException.class, () -> MicroUsd.parse("9999999999999.00"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "5",
        "5.",
        "5.0",
        ".50",
        "5.0000001",
        "05.00",
        "+5.00",
        " 5.00",
        "5.00 ",
        "5,00",
        "1e3",
        "1000000000.00",
        "--1.00",
        "NaN",
        "0x1.00",
        "٥.٠٠"
      })
  void whenAnAmountIsMalformed_theErrorNamesTheForm(String wire) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> MicroUsd.parseStated(wire));
    assertThat(String.valueOf(refused.getMessage())).as(wire).contains("2 to 6 decimals");
  }

  @Test
  void whenAnyAmountIsWritten_itIsTheExactDecimal() {
    long seed = System.nanoTime();
    RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
    for (int i = 0; i < 5_000; i++) {
      MicroUsd amount = MicroUsd.of(random.nextLong() >> random.nextInt(64));
      BigDecimal exact = BigDecimal.valueOf(amount.micros(), 6);
      BigDecimal written = new BigDecimal(amount.toString());
      assertThat(exact.compareTo(written)).as(() -> "seed " + seed + ", " + amount).isEqualTo(0);
      int decimals = Math.max(2, exact.stripTrailingZeros().scale());
      assertThat(written.scale()).as(() -> "seed " + seed + ", " + amount).isEqualTo(decimals);
    }
  }

  @Test
  void whenASumOverflows_itThrows() {
    MicroUsd most = MicroUsd.of(Long.MAX_VALUE);
    MicroUsd one = MicroUsd.of(1);
    assertThat(MicroUsd.of(3).plus(MicroUsd.of(2))).isEqualTo(MicroUsd.of(5));
    assertThat(MicroUsd.of(1).minus(MicroUsd.of(2))).isEqualTo(MicroUsd.of(-1));
    assertThrows(ArithmeticException.class, () -> most.plus(one));
    assertThrows(ArithmeticException.class, () -> MicroUsd.of(Long.MIN_VALUE).minus(one));
  }

  @Test
  void whenAnAmountIsZero_itIsNeitherPositiveNorNegative() {
    assertThat(MicroUsd.ZERO.isPositive()).isFalse();
    assertThat(MicroUsd.ZERO.isNegative()).isFalse();
    assertThat(MicroUsd.of(1).isPositive()).isTrue();
    assertThat(MicroUsd.of(1).isNegative()).isFalse();
    assertThat(MicroUsd.of(-1).isNegative()).isTrue();
    assertThat(MicroUsd.of(-1).isPositive()).isFalse();
  }

  @Test
  void whenAmountsAreSorted_theLowestIsFirst() {
    List<MicroUsd> rising = List.of(MicroUsd.of(-2), MicroUsd.ZERO, MicroUsd.of(3));
    assertThat(rising.reversed().stream().sorted().toList()).isEqualTo(rising);
  }
}
