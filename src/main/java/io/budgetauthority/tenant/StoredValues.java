package io.budgetauthority.tenant;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Writes and reads DynamoDB's attribute values by the types that are stored. A required attribute
/// that is missing gets an [IllegalStateException] with its name.
public final class StoredValues {

  private StoredValues() {}

  public static AttributeValue text(String value) {
    return AttributeValue.builder().s(value).build();
  }

  public static AttributeValue number(long value) {
    return AttributeValue.builder().n(Long.toString(value)).build();
  }

  public static AttributeValue money(MicroUsd value) {
    return number(value.micros());
  }

  public static AttributeValue time(Instant value) {
    return number(value.toEpochMilli());
  }

  public static AttributeValue flag(boolean value) {
    return AttributeValue.builder().bool(value).build();
  }

  public static String text(Map<String, AttributeValue> item, String name) {
    return require(item, name).s();
  }

  public static @Nullable String textOrNull(Map<String, AttributeValue> item, String name) {
    AttributeValue value = item.get(name);
    return value == null ? null : value.s();
  }

  public static List<String> texts(Map<String, AttributeValue> item, String name) {
    return require(item, name).l().stream().map(AttributeValue::s).toList();
  }

  public static long number(Map<String, AttributeValue> item, String name) {
    return Long.parseLong(require(item, name).n());
  }

  public static MicroUsd money(Map<String, AttributeValue> item, String name) {
    return MicroUsd.of(number(item, name));
  }

  public static Instant time(Map<String, AttributeValue> item, String name) {
    return Instant.ofEpochMilli(number(item, name));
  }

  public static boolean flag(Map<String, AttributeValue> item, String name) {
    AttributeValue value = item.get(name);
    return value != null && Boolean.TRUE.equals(value.bool());
  }

  private static AttributeValue require(Map<String, AttributeValue> item, String name) {
    AttributeValue value = item.get(name);
    if (value == null) {
      throw new IllegalStateException("a stored item has no attribute " + name);
    }
    return value;
  }
}
