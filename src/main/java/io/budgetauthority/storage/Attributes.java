package io.budgetauthority.storage;

import io.budgetauthority.money.MicroUsd;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Attributes by their names: an item, or the values of an expression, whose names begin with a
/// colon. Immutable. Reading a required attribute that is missing throws an [IllegalStateException]
/// with its name.
public final class Attributes {

  public static final Attributes NONE = new Attributes(Map.of());

  private final Map<String, AttributeValue> values;

  private Attributes(Map<String, AttributeValue> values) {
    this.values = values;
  }

  /// The attributes of an item as the SDK delivers it.
  public static Attributes of(Map<String, AttributeValue> item) {
    return item.isEmpty() ? NONE : new Attributes(item);
  }

  /// One value of an expression.
  public static Attributes of(String name, String value) {
    return builder().put(name, value).build();
  }

  /// One value of an expression.
  public static Attributes of(String name, long value) {
    return builder().put(name, value).build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /// An item that has a key, to which the other attributes are added.
  public static Builder at(Key key) {
    Builder item = new Builder().put("pk", key.partition());
    String sort = key.sort();
    return sort == null ? item : item.put("sk", sort);
  }

  /// Collects attributes. A later value of a name replaces an earlier one.
  public static final class Builder {

    private final Map<String, AttributeValue> values = new HashMap<>();

    private Builder put(String name, AttributeValue value) {
      values.put(name, value);
      return this;
    }

    public Builder put(String name, String value) {
      return put(name, AttributeValue.fromS(value));
    }

    public Builder put(String name, long value) {
      return put(name, AttributeValue.fromN(Long.toString(value)));
    }

    /// An integer of at most 38 digits.
    public Builder put(String name, BigInteger value) {
      return put(name, AttributeValue.fromN(value.toString()));
    }

    public Builder put(String name, byte[] value) {
      return put(name, AttributeValue.fromB(SdkBytes.fromByteArray(value)));
    }

    /// An amount, as micro-USD.
    public Builder put(String name, MicroUsd value) {
      return put(name, value.micros());
    }

    /// A time, as milliseconds since 1970.
    public Builder put(String name, Instant value) {
      return put(name, value.toEpochMilli());
    }

    public Builder put(String name, boolean value) {
      return put(name, AttributeValue.fromBool(value));
    }

    public Builder put(String name, List<String> values) {
      return put(name, AttributeValue.fromL(values.stream().map(AttributeValue::fromS).toList()));
    }

    /// A set of numbers, which must not be empty.
    public Builder putNumbers(String name, Collection<Integer> numbers) {
      return put(name, AttributeValue.fromNs(numbers.stream().map(String::valueOf).toList()));
    }

    /// Numbers by name, within one attribute.
    public Builder putNumbers(String name, Map<String, Long> numbers) {
      return put(
          name,
          AttributeValue.fromM(
              numbers.entrySet().stream()
                  .collect(
                      Collectors.toMap(
                          Map.Entry::getKey,
                          it -> AttributeValue.fromN(Long.toString(it.getValue()))))));
    }

    /// Nothing where the value is null.
    public Builder putIfPresent(String name, @Nullable String value) {
      return value == null ? this : put(name, value);
    }

    /// The value that an item has for one of its names.
    Builder copy(String name, Attributes item, String nameThere) {
      return put(name, item.require(nameThere));
    }

    public Builder putAll(Attributes attributes) {
      values.putAll(attributes.values);
      return this;
    }

    /// The attributes as they are now.
    public Attributes build() {
      return values.isEmpty() ? NONE : new Attributes(Map.copyOf(values));
    }
  }

  /// These attributes, to which others are added.
  public Builder toBuilder() {
    return new Builder().putAll(this);
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  public Set<String> names() {
    return values.keySet();
  }

  /// Those of these attributes that another item lacks or has with another value.
  public Attributes without(Attributes other) {
    Builder rest = builder();
    values.forEach(
        (name, value) -> {
          if (!value.equals(other.values.get(name))) {
            rest.put(name, value);
          }
        });
    return rest.build();
  }

  /// An integer of at most 38 digits.
  public BigInteger integer(String name) {
    return new BigDecimal(require(name).n()).toBigIntegerExact();
  }

  /// The key of an item.
  public Key key() {
    return new Key(text("pk"), textOrNull("sk"));
  }

  public String text(String name) {
    return require(name).s();
  }

  public byte @Nullable [] bytesOrNull(String name) {
    AttributeValue value = values.get(name);
    return value == null ? null : value.b().asByteArray();
  }

  public @Nullable String textOrNull(String name) {
    AttributeValue value = values.get(name);
    return value == null ? null : value.s();
  }

  /// A list of texts; empty where the attribute is missing.
  public List<String> texts(String name) {
    AttributeValue value = values.get(name);
    return value == null ? List.of() : value.l().stream().map(AttributeValue::s).toList();
  }

  public long number(String name) {
    return Long.parseLong(require(name).n());
  }

  public long numberOr(String name, long otherwise) {
    return has(name) ? number(name) : otherwise;
  }

  /// A set of numbers; empty where the attribute is missing.
  public Set<Integer> numbers(String name) {
    AttributeValue value = values.get(name);
    return value == null
        ? Set.of()
        : value.ns().stream().map(Integer::valueOf).collect(Collectors.toSet());
  }

  /// Numbers by name, within one attribute; empty where the attribute is missing.
  public Map<String, Long> numbersByName(String name) {
    AttributeValue value = values.get(name);
    Map<String, Long> numbers = new TreeMap<>();
    if (value != null) {
      value.m().forEach((key, number) -> numbers.put(key, Long.parseLong(number.n())));
    }
    return numbers;
  }

  public MicroUsd money(String name) {
    return MicroUsd.of(number(name));
  }

  public Instant time(String name) {
    return Instant.ofEpochMilli(number(name));
  }

  public @Nullable Instant timeOrNull(String name) {
    return has(name) ? time(name) : null;
  }

  /// False where the attribute is missing.
  public boolean flag(String name) {
    AttributeValue value = values.get(name);
    return value != null && Boolean.TRUE.equals(value.bool());
  }

  private AttributeValue require(String name) {
    AttributeValue value = values.get(name);
    if (value == null) {
      throw new IllegalStateException("a stored item has no attribute " + name);
    }
    return value;
  }

  /// The attributes as the SDK takes them.
  Map<String, AttributeValue> toSdk() {
    return values;
  }

  /// Null where there are none, because the SDK refuses an empty map of values.
  @Nullable Map<String, AttributeValue> toSdkOrNull() {
    return values.isEmpty() ? null : values;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Attributes attributes && attributes.values.equals(values);
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
