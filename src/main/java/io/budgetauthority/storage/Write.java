package io.budgetauthority.storage;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
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

    /// An update that is made of attributes, whose names may be any.
    public static Builder at(String table, Key key) {
      return new Builder(table, key);
    }

    /// Collects what an update does. A name may be given once.
    public static final class Builder {

      private final String table;
      private final Key key;
      private final StringJoiner sets = new StringJoiner(", ", "SET ", " ").setEmptyValue("");
      private final StringJoiner adds = new StringJoiner(", ", "ADD ", " ").setEmptyValue("");
      private final StringJoiner removes = new StringJoiner(", ", "REMOVE ", " ").setEmptyValue("");
      private final Map<String, String> names = new HashMap<>();
      private final Attributes.Builder values = Attributes.builder();

      private Builder(String table, Key key) {
        this.table = table;
        this.key = key;
      }

      /// Sets these attributes to these values.
      public Builder set(Attributes attributes) {
        for (String name : new TreeSet<>(attributes.names())) {
          sets.add(named(name) + " = :" + name);
          values.copy(":" + name, attributes, name);
        }
        return this;
      }

      /// Adds these numbers to these attributes, each of which is zero where it is absent.
      public Builder add(Map<String, Long> numbers) {
        new TreeMap<>(numbers)
            .forEach(
                (name, number) -> {
                  adds.add(named(name) + " :" + name);
                  values.put(":" + name, number);
                });
        return this;
      }

      /// Removes these attributes.
      public Builder remove(Collection<String> attributes) {
        new TreeSet<>(attributes).forEach(name -> removes.add(named(name)));
        return this;
      }

      private String named(String name) {
        names.put("#" + name, name);
        return "#" + name;
      }

      public Update build() {
        String expression = (sets.toString() + adds + removes).strip();
        return new Update(table, key, expression, names, null, values.build(), false);
      }
    }

    /// The same update under one more condition.
    public Update onlyIf(Condition more) {
      Map<String, String> allNames = new HashMap<>(names);
      allNames.putAll(more.names());
      return new Update(
          table,
          key,
          expression,
          allNames,
          condition == null ? more.expression() : condition + " AND " + more.expression(),
          values.toBuilder().putAll(more.values()).build(),
          returnsStored);
    }

    /// The same update, whose condition answers the item as it is stored where it fails.
    public Update returningStored() {
      return new Update(table, key, expression, names, condition, values, true);
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
