/// The ledger. It has accounts, holds and the life of a reservation as pure values, and the classes
/// that store them in DynamoDB under ledger.md#invariants.
@NullMarked
package io.budgetauthority.ledger;

import org.jspecify.annotations.NullMarked;
