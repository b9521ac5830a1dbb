package io.budgetauthority.attribution;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Attributes;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// A value for each measure, zero where none is named. Immutable. Sums that leave the range of a
/// long throw [ArithmeticException].
public final class Amounts {

  public static final Amounts NONE = new Amounts(new EnumMap<>(Measure.class));

  private final EnumMap<Measure, Long> values;

  private Amounts(EnumMap<Measure, Long> values) {
    this.values = values;
  }

  /// Collects amounts, measure by measure.
  public static final class Builder {
    private final EnumMap<Measure, Long> values = new EnumMap<>(Measure.class);

    public Builder add(Measure measure, long amount) {
      long sum = Math.addExact(values.getOrDefault(measure, 0L), amount);
      if (sum == 0) {
        values.remove(measure);
      } else {
        values.put(measure, sum);
      }
      return this;
    }

    public Builder add(Measure measure, boolean counts) {
      return add(measure, counts ? 1 : 0);
    }

    public Builder add(Measure measure, MicroUsd amount) {
      return add(measure, amount.micros());
    }

    public Builder add(Amounts amounts) {
      amounts.values.forEach(this::add);
      return this;
    }

    public Builder subtract(Amounts amounts) {
      amounts.values.forEach((measure, amount) -> add(measure, Math.negateExact(amount)));
      return this;
    }

    public Amounts build() {
      return values.isEmpty() ? NONE : new Amounts(new EnumMap<>(values));
    }
  }

  public long of(Measure measure) {
    return values.getOrDefault(measure, 0L);
  }

  public MicroUsd money(Measure measure) {
    if (!measure.isMoney()) {
      throw new IllegalArgumentException(measure + " is no money");
    }
    return MicroUsd.of(of(measure));
  }

  public Amounts minus(Amounts other) {
    return new Builder().add(this).subtract(other).build();
  }

  /// The values of some measures alone.
  Amounts only(Set<Measure> measures) {
    Builder some = new Builder();
    values.forEach(
        (measure, value) -> {
          if (measures.contains(measure)) {
            some.add(measure, value);
          }
        });
    return some.build();
  }

  public boolean isNothing() {
    return values.isEmpty();
  }

  /// The values that are not zero, by their stored names.
  Map<String, Long> byStoredName() {
    Map<String, Long> stored = new HashMap<>();
    values.forEach((measure, value) -> stored.put(measure.storedName(), value));
    return stored;
  }

  /// Reads the values of a row.
  static Amounts read(Attributes item) {
    Builder builder = new Builder();
    for (Measure measure : Measure.values()) {
      builder.add(measure, item.numberOr(measure.storedName(), 0));
    }
    return builder.build();
  }

  static Amounts of(Map<String, Long> byStoredName) {
    Builder builder = new Builder();
    for (Measure measure : Measure.values()) {
      builder.add(measure, byStoredName.getOrDefault(measure.storedName(), 0L));
    }
    return builder.build();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Amounts amounts && amounts.values.equals(values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
