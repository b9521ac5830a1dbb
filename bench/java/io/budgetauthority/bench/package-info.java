/// What a decision costs: a load client that measures the service next to the calls to DynamoDB
/// that it cannot do without, and the pure decider alone. `bench/README.md` says how to run both.
@NullMarked
package io.budgetauthority.bench;

import org.jspecify.annotations.NullMarked;
