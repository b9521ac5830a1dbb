package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/// A text in which each star stands for any characters, none among them.
public record StarPattern(String text) {

  public static final char STAR = '*';

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public StarPattern {}

  @JsonValue
  @Override
  public String text() {
    return text;
  }

  /// Whether the whole of a name is as the pattern says.
  public boolean matches(String name) {
    String[] parts = text.split("\\*", -1);
    int last = parts.length - 1;
    if (last == 0) {
      return text.equals(name);
    }
    if (!name.startsWith(parts[0]) || !name.endsWith(parts[last])) {
      return false;
    }
    int from = parts[0].length();
    for (int i = 1; i < last; i++) {
      int at = name.indexOf(parts[i], from);
      if (at < 0) {
        return false;
      }
      from = at + parts[i].length();
    }
    return from <= name.length() - parts[last].length();
  }
}
