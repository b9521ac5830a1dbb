/// The ledger. It has reservations and runs as pure values, and the classes that store them in
/// DynamoDB, with the holds on their accounts, under ledger.md#invariants.
@NullMarked
package io.budgetauthority.ledger;

import org.jspecify.annotations.NullMarked;
