/// The money: accounts, holds and the life of a reservation as pure values, and the one class that
/// keeps them on DynamoDB under the invariants of ledger.md.
@NullMarked
package io.budgetauthority.ledger;

import org.jspecify.annotations.NullMarked;
