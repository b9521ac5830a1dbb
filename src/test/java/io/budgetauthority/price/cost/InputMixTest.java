package io.budgetauthority.price.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/// The dearest mix against trying every mix, on small numbers.
class InputMixTest {

  private static final TokenClass[][] CELLS = {
    {TokenClass.INPUT, TokenClass.INPUT_AUDIO, TokenClass.INPUT_IMAGE},
    {TokenClass.CACHE_READ, TokenClass.CACHE_READ_AUDIO, TokenClass.CACHE_READ_IMAGE},
    {TokenClass.CACHE_WRITE, TokenClass.CACHE_WRITE_AUDIO, TokenClass.INPUT_IMAGE},
    {TokenClass.CACHE_WRITE_1H, TokenClass.CACHE_WRITE_AUDIO, TokenClass.INPUT_IMAGE},
  };

  @Test
  void whenCountsAndPricesAreRandom_theDearestMixIsFound() {
    long seed = System.nanoTime();
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int round = 0; round < 3_000; round++) {
      Tariff tariff = tariff(random);
      long[] rows = {random.nextInt(4), random.nextInt(3), random.nextInt(3), random.nextInt(3)};
      long[] columns = {random.nextInt(5), random.nextInt(3), random.nextInt(3)};
      long tokens = random.nextInt(6);

      long dearest = InputMix.dearestPicos(tariff, tokens, rows, columns, null);

      long most = Math.min(tokens, Math.min(sum(rows), sum(columns)));
      long expected = tryAll(rates(tariff), rows.clone(), columns.clone(), most, 0);
      assertThat(dearest).as("seed " + seed + ", round " + round).isEqualTo(expected);
    }
  }

  private static Tariff tariff(RandomGenerator random) {
    Map<TokenClass, Long> picos = new EnumMap<>(TokenClass.class);
    for (TokenClass tokenClass : TokenClass.values()) {
      if (tokenClass == TokenClass.INPUT || random.nextInt(3) > 0) {
        picos.put(tokenClass, (long) random.nextInt(20));
      }
    }
    return Tariff.of(List.of(new RateCard("default", 0, picos, Map.of())), "default").getFirst();
  }

  /// A written token of sound or image is billed at its cache class too where that is dearer,
  /// unless written sound has a price of its own.
  private static long[] rates(Tariff tariff) {
    long[] rates = new long[12];
    for (int cell = 0; cell < rates.length; cell++) {
      TokenClass tokenClass = CELLS[cell / 3][cell % 3];
      boolean stated = tokenClass == TokenClass.CACHE_WRITE_AUDIO && tariff.hasOwnPrice(tokenClass);
      long rate = tariff.ratePicos(tokenClass);
      rates[cell] =
          cell / 3 >= 2 && !stated ? Math.max(rate, tariff.ratePicos(CELLS[cell / 3][0])) : rate;
    }
    return rates;
  }

  /// The dearest way to put `left` tokens into the cells from `cell` on; very low where there is
  /// none.
  private static long tryAll(long[] rates, long[] rows, long[] columns, long left, int cell) {
    if (cell == rates.length) {
      return left == 0 ? 0 : -1_000_000;
    }
    long dearest = -1_000_000;
    int row = cell / 3;
    int column = cell % 3;
    long room = Math.min(left, Math.min(rows[row], columns[column]));
    for (long put = 0; put <= room; put++) {
      rows[row] -= put;
      columns[column] -= put;
      long rest = tryAll(rates, rows, columns, left - put, cell + 1);
      dearest = Math.max(dearest, put * rates[cell] + rest);
      rows[row] += put;
      columns[column] += put;
    }
    return dearest;
  }

  private static long sum(long[] counts) {
    long sum = 0;
    for (long count : counts) {
      sum += count;
    }
    return sum;
  }
}
