package io.budgetauthority.storage;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// One write of one item. It is sent alone or in a transaction with others.
public sealed interface Write {

  /// What must be true of the stored item for a write to be made.
  ///
  /// @param names the names that the expression begins with `#`, such as those that DynamoDB
  ///   reserves
  /// @param values the values of the expression
  record Condition(String expression, Map<String, String> names, Attributes values) {

    public static final Condition ABSENT = new Condition("attribute_not_exists(pk)");

    public static final Condition PRESENT = new Condition("attribute_exists(pk)");

    public Condition(String expression) {
      this(expression, Attributes.NONE);
    }

    public Condition(String expression, Attributes values) {
      this(expression, Map.of(), values);
    }
  }

  /// Replaces the whole item.
  ///
  /// @param condition null for none
  /// @param returnsStored whether a failed condition answers the item as it is stored
  record Put(String table, Attributes item, @Nullable Condition condition, boolean returnsStored)
      implements Write {

    public Put(String table, Attributes item) {
      this(table, item, null, false);
    }

    public Put(String table, Attributes item, Condition condition) {
      this(table, item, condition, false);
    }
  }

  /// Changes attributes of an item, which is created where it does not exist.
  ///
  /// @param names the names that the expressions begin with `#`
  /// @param condition null for none
  /// @param values the values of both expressions
  /// @param returnsStored whether a failed condition answers the item as it is stored
  record Update(
      String table,
      Key key,
      String expression,
      Map<String, String> names,
      @Nullable String condition,
      Attributes values,
      boolean returnsStored)
      implements Write {

    public Update(
        String table, Key key, String expression, @Nullable String condition, Attributes values) {
      this(table, key, expression, Map.of(), condition, values, false);
    }

    /// Sets some attributes and removes others, under a condition. A condition that fails answers
    /// the item as it is stored.
    public static Update to(
        String table, Key key, Attributes set, Set<String> removed, Condition condition) {
      Map<String, String> names = new HashMap<>(condition.names());
      Attributes.Builder values = condition.values().toBuilder();
      StringJoiner sets = new StringJoiner(", ", " SET ", "").setEmptyValue("");
      StringJoiner removes = new StringJoiner(", ", " REMOVE ", "").setEmptyValue("");
      for (String name : new TreeSet<>(set.names())) {
        sets.add("#" + name + " = :" + name);
        names.put("#" + name, name);
        values.copy(":" + name, set, name);
      }
      for (String name : new TreeSet<>(removed)) {
        removes.add("#" + name);
        names.put("#" + name, name);
      }
      return new Update(
          table,
          key,
          (sets.toString() + removes).strip(),
          names,
          condition.expression(),
          values.build(),
          true);
    }

    /// The same update under a condition.
    ///
    /// @param more the values of the condition
    public Update onlyIf(String condition, Attributes more) {
      return new Update(
          table,
          key,
          expression,
          names,
          condition,
          values.toBuilder().putAll(more).build(),
          returnsStored);
    }
  }

  /// Deletes an item.
  ///
  /// @param condition null for none
  record Delete(String table, Key key, @Nullable Condition condition) implements Write {

    public Delete(String table, Key key) {
      this(table, key, null);
    }
  }

  /// Writes nothing, and lets the transaction fail where the condition does not hold.
  record Check(String table, Key key, Condition condition) implements Write {}
}
