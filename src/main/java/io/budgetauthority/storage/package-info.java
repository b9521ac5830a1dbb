/// The one way to DynamoDB: every call has a deadline, is sent again where that is safe, and reads
/// all pages. No other package has the SDK's types of DynamoDB.
@NullMarked
package io.budgetauthority.storage;

import org.jspecify.annotations.NullMarked;
