package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.RateName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// How the item of a run stores the run's rates: one text each, of the limit and the burst in
/// micro-USD, the period in seconds, the mode or a dash, and the wire name.
final class RunRates {

  private static final String NO_MODE = "-";
  private static final String SEPARATOR = " ";

  private RunRates() {}

  static List<String> write(Map<RateName, Ceiling> rates) {
    Map<String, Ceiling> byName = new TreeMap<>();
    rates.forEach((name, ceiling) -> byName.put(name.wireName(), ceiling));
    List<String> texts = new ArrayList<>();
    byName.forEach((name, ceiling) -> texts.add(text(name, ceiling)));
    return texts;
  }

  private static String text(String name, Ceiling rate) {
    Mode mode = rate.mode();
    return String.join(
        SEPARATOR,
        Long.toString(rate.limit().micros()),
        Long.toString(Objects.requireNonNull(rate.burst(), "a rate has a burst").micros()),
        String.valueOf(rate.periodSeconds()),
        mode == null ? NO_MODE : mode.wireName(),
        name);
  }

  static Map<RateName, Ceiling> read(List<String> texts) {
    Map<RateName, Ceiling> rates = new HashMap<>();
    for (String text : texts) {
      String[] parts = text.split(SEPARATOR, -1);
      rates.put(
          RateName.ofWireName(parts[4]),
          Ceiling.ofRate(
              MicroUsd.of(Long.parseLong(parts[0])),
              Integer.parseInt(parts[2]),
              MicroUsd.of(Long.parseLong(parts[1])),
              parts[3].equals(NO_MODE) ? null : Mode.ofWireName(parts[3])));
    }
    return rates;
  }
}
