/// Settles calls: the steps that settle a reservation, and the price of the usage.
@NullMarked
package io.budgetauthority.settlement;

import org.jspecify.annotations.NullMarked;
