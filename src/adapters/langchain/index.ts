export { RoutedChatModel, type RoutedChatModelFields, reward, runOf } from './routed-chat-model.js'
