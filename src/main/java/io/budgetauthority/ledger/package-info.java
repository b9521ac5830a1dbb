/// The money: accounts, holds and the life of a reservation as pure values, and the one class that
/// keeps them on DynamoDB under ledger.md#invariants.
@NullMarked
package io.budgetauthority.ledger;

import org.jspecify.annotations.NullMarked;
