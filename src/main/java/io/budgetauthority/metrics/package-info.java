/// The metrics that count the service's work, for its operators.
@NullMarked
package io.budgetauthority.metrics;

import org.jspecify.annotations.NullMarked;
