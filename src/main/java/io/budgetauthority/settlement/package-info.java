/// What became of a call: the steps that settle a reservation, and what usage costs.
@NullMarked
package io.budgetauthority.settlement;

import org.jspecify.annotations.NullMarked;
