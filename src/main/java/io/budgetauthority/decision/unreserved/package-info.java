/// Records calls that were made without a reservation: those that an outage let through, and those
/// that only a usage report tells of.
@NullMarked
package io.budgetauthority.decision.unreserved;

import org.jspecify.annotations.NullMarked;
