package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;

/// What a reservation holds of one account. A hold of zero is stored too, because the charge goes
/// to every account that the decision touched.
public record Hold(AccountKey account, MicroUsd amount) {

  public Hold {
    if (amount.isNegative()) {
      throw new IllegalArgumentException("a hold may not be negative: " + amount);
    }
  }

  /// The stored form: the amount in micro-USD and the account's two keys.
  String encode() {
    return amount.micros() + " " + account.sortKey() + " " + account.partitionKey();
  }

  static Hold decode(String encoded) {
    int first = encoded.indexOf(' ');
    int second = encoded.indexOf(' ', first + 1);
    return new Hold(
        AccountKey.parse(encoded.substring(second + 1), encoded.substring(first + 1, second)),
        MicroUsd.of(Long.parseLong(encoded, 0, first, 10)));
  }
}
