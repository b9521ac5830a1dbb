package io.budgetauthority.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Evaluates the part of DynamoDB's expressions that the ledger and its configuration use. Any
/// other expression gets an [IllegalArgumentException], so that a bench cannot pass by not
/// understanding.
final class Expressions {

  private static final Pattern TOKEN =
      Pattern.compile("\\s*([:#]?[A-Za-z_][A-Za-z_0-9]*|<=|>=|<>|[=<>(),+-])");

  /// The ledger has few expressions, and sends each of them often.
  private static final Map<String, List<String>> READ = new ConcurrentHashMap<>();

  private final List<String> tokens;
  private final Map<String, String> names;
  private final Map<String, AttributeValue> values;
  private int next;

  private Expressions(String text, Map<String, String> names, Map<String, AttributeValue> values) {
    this.tokens = READ.computeIfAbsent(text, Expressions::tokensOf);
    this.names = names;
    this.values = values;
  }

  private static List<String> tokensOf(String text) {
    List<String> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(text);
    int end = 0;
    while (end < text.length() && matcher.find(end) && matcher.start() == end) {
      tokens.add(matcher.group(1));
      end = matcher.end();
    }
    if (!text.substring(end).isBlank()) {
      throw new IllegalArgumentException("cannot be read at " + end + ": " + text);
    }
    return List.copyOf(tokens);
  }

  /// Whether a condition holds of an item; that of nothing always does.
  ///
  /// @param item empty where it does not exist
  static boolean holds(
      @Nullable String condition,
      Map<String, String> names,
      Map<String, AttributeValue> values,
      Map<String, AttributeValue> item) {
    if (condition == null) {
      return true;
    }
    Expressions parser = new Expressions(condition, names, values);
    boolean result = parser.or(item);
    parser.end();
    return result;
  }

  /// The item after an update.
  static Map<String, AttributeValue> updated(
      String expression,
      Map<String, String> names,
      Map<String, AttributeValue> values,
      Map<String, AttributeValue> item) {
    Expressions parser = new Expressions(expression, names, values);
    Map<String, AttributeValue> after = new HashMap<>(item);
    while (parser.next < parser.tokens.size()) {
      switch (parser.take()) {
        case "SET" -> parser.set(item, after);
        case "ADD" -> parser.add(item, after);
        case "REMOVE" -> parser.remove(after);
        case String other -> throw new IllegalArgumentException("is no clause: " + other);
      }
    }
    return after;
  }

  private String take() {
    return tokens.get(next++);
  }

  private boolean takes(String token) {
    if (next < tokens.size() && tokens.get(next).equals(token)) {
      next++;
      return true;
    }
    return false;
  }

  private void expect(String token) {
    if (!takes(token)) {
      throw new IllegalArgumentException("expected " + token + " at " + next + " of " + tokens);
    }
  }

  private void end() {
    if (next < tokens.size()) {
      throw new IllegalArgumentException("ends before " + tokens.get(next) + " of " + tokens);
    }
  }

  private boolean or(Map<String, AttributeValue> item) {
    boolean result = and(item);
    while (takes("OR")) {
      result |= and(item);
    }
    return result;
  }

  private boolean and(Map<String, AttributeValue> item) {
    boolean result = one(item);
    while (takes("AND")) {
      result &= one(item);
    }
    return result;
  }

  private boolean one(Map<String, AttributeValue> item) {
    if (takes("(")) {
      boolean result = or(item);
      expect(")");
      return result;
    }
    if (takes("attribute_exists")) {
      return item.containsKey(argument());
    }
    if (takes("attribute_not_exists")) {
      return !item.containsKey(argument());
    }
    if (takes("begins_with")) {
      expect("(");
      AttributeValue stored = operand(item);
      expect(",");
      AttributeValue prefix = operand(item);
      expect(")");
      return stored != null && prefix != null && stored.s().startsWith(prefix.s());
    }
    AttributeValue left = operand(item);
    String operator = take();
    if (operator.equals("BETWEEN")) {
      AttributeValue first = operand(item);
      expect("AND");
      AttributeValue last = operand(item);
      return left != null
          && first != null
          && last != null
          && compare(left, first) >= 0
          && compare(left, last) <= 0;
    }
    AttributeValue right = operand(item);
    if (left == null || right == null) {
      return false;
    }
    if (operator.equals("=")) {
      return left.n() != null && right.n() != null ? compare(left, right) == 0 : left.equals(right);
    }
    int order = compare(left, right);
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      case ">=" -> order >= 0;
      default -> throw new IllegalArgumentException("is no comparison: " + operator);
    };
  }

  private String argument() {
    expect("(");
    String name = name(take());
    expect(")");
    return name;
  }

  private static int compare(AttributeValue left, AttributeValue right) {
    return left.n() != null
        ? Long.compare(Long.parseLong(left.n()), Long.parseLong(right.n()))
        : left.s().compareTo(right.s());
  }

  private String name(String token) {
    return token.startsWith("#") ? Objects.requireNonNull(names.get(token), token) : token;
  }

  private @Nullable AttributeValue operand(Map<String, AttributeValue> item) {
    if (takes("if_not_exists")) {
      expect("(");
      AttributeValue stored = item.get(name(take()));
      expect(",");
      AttributeValue otherwise = operand(item);
      expect(")");
      return stored == null ? otherwise : stored;
    }
    String token = take();
    if (!token.startsWith(":")) {
      return item.get(name(token));
    }
    AttributeValue value = values.get(token);
    if (value == null) {
      throw new IllegalArgumentException("no value is given for " + token);
    }
    return value;
  }

  private void set(Map<String, AttributeValue> item, Map<String, AttributeValue> after) {
    do {
      String name = name(take());
      expect("=");
      AttributeValue value = operand(item);
      boolean adds = takes("+");
      if (adds || takes("-")) {
        value = sum(value, operand(item), adds);
      }
      if (value == null) {
        throw new IllegalArgumentException(name + " is set to an attribute that does not exist");
      }
      after.put(name, value);
    } while (takes(","));
  }

  private static AttributeValue sum(
      @Nullable AttributeValue left, @Nullable AttributeValue right, boolean adds) {
    if (left == null || right == null) {
      throw new IllegalArgumentException("a sum has an operand that does not exist");
    }
    long one = Long.parseLong(left.n());
    long other = Long.parseLong(right.n());
    return AttributeValue.fromN(
        Long.toString(adds ? Math.addExact(one, other) : Math.subtractExact(one, other)));
  }

  private void add(Map<String, AttributeValue> item, Map<String, AttributeValue> after) {
    do {
      String name = name(take());
      AttributeValue stored = item.getOrDefault(name, AttributeValue.fromN("0"));
      after.put(name, sum(stored, operand(item), true));
    } while (takes(","));
  }

  private void remove(Map<String, AttributeValue> after) {
    do {
      after.remove(name(take()));
    } while (takes(","));
  }
}
