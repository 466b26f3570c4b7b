#ifndef SIDWATCH_TESTS_SERVER_SHELL_SIGNED_CALLBACK_H_
#define SIDWATCH_TESTS_SERVER_SHELL_SIGNED_CALLBACK_H_

#include <string>

namespace sidwatch {

// Of whom the servers under test are told.
inline constexpr char kAccount[] = "AC0123456789abcdef0123456789abcdef";
inline constexpr char kPublicUrl[] = "https://sms.example.com";

// Posts the status callback `delivered` of one message to a webhook port, as
// Twilio would for kPublicUrl with `auth_token`. Returns the HTTP status, 0
// when nobody answered.
int PostCallback(const std::string& address, const std::string& auth_token);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_SHELL_SIGNED_CALLBACK_H_
