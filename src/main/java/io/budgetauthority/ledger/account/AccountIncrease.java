package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;

/// More money on one account for a while (ledger.md#increases).
///
/// @param id the increase that it is of
/// @param amount what it adds to the limit, in micro-USD
/// @param until when it ends
public record AccountIncrease(String id, MicroUsd amount, Instant until) {

  private static final char SEPARATOR = ' ';

  /// The increase as an account's item stores it.
  String stored() {
    return until.toEpochMilli() + "" + SEPARATOR + amount.micros() + SEPARATOR + id;
  }

  /// Reads a stored increase.
  static AccountIncrease ofStored(String text) {
    String[] parts = text.split(String.valueOf(SEPARATOR), 3);
    return new AccountIncrease(
        parts[2],
        MicroUsd.of(Long.parseLong(parts[1])),
        Instant.ofEpochMilli(Long.parseLong(parts[0])));
  }
}
