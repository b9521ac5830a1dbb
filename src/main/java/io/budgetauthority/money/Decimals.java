package io.budgetauthority.money;

/// Renders a count of the smallest unit as a decimal number, without floating point and without
/// trailing zeros past the second decimal.
final class Decimals {

  private Decimals() {}

  static String render(long smallestUnits, int decimals) {
    StringBuilder digits = new StringBuilder(24).append(smallestUnits);
    int sign = smallestUnits < 0 ? 1 : 0;
    while (digits.length() - sign <= decimals) {
      digits.insert(sign, '0');
    }
    digits.insert(digits.length() - decimals, '.');
    int shortest = digits.length() - decimals + 2;
    int end = digits.length();
    while (end > shortest && digits.charAt(end - 1) == '0') {
      end--;
    }
    digits.setLength(end);
    return digits.toString();
  }
}
